//! A model check: every order in which things can happen is gone through, and what must hold is looked at in each state.

use std::collections::{HashSet, VecDeque};

use super::{End, Flow, Happened, Phase, Step, TRIES, Way};

/// A login and the world around it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct World {
    flow: Flow,
    in_flight: bool,
    /// How often the code at hand was sent.
    sent: u8,
    /// Whether a key was made, or may have been.
    is_made: bool,
    /// Whether the service has asked to wait with the code at hand.
    is_doubtful: bool,
    ended: Option<End>,
}

const ALL: [Happened; 14] = [
    Happened::Code(Way::Callback),
    Happened::Code(Way::Paste),
    Happened::Declined,
    Happened::Misread,
    Happened::NobodyAsked,
    Happened::Cancelled,
    Happened::TimeUp,
    Happened::Granted,
    Happened::Refused,
    Happened::NotSent,
    Happened::TryLater,
    Happened::Failed,
    Happened::Paused,
    Happened::GraceOver,
];

/// How an exchange ends.
const RESULTS: [Happened; 5] =
    [Happened::Granted, Happened::Refused, Happened::NotSent, Happened::TryLater, Happened::Failed];

impl World {
    fn new(listens: bool, asks: bool) -> Self {
        let flow = Flow::new(listens, asks);
        Self { flow, in_flight: false, sent: 0, is_made: false, is_doubtful: false, ended: None }
    }

    /// What can happen now. Whatever comes from outside can come at any time, also too late.
    fn can(&self, happened: Happened) -> bool {
        match happened {
            Happened::Paused => self.pauses(),
            Happened::GraceOver => self.hurries(),
            Happened::Code(Way::Callback) => self.flow.listens,
            Happened::Code(Way::Paste) | Happened::Misread | Happened::NobodyAsked => {
                self.flow.pastes_left > 0
            }
            Happened::Declined | Happened::Cancelled | Happened::TimeUp => true,
            Happened::Granted
            | Happened::Refused
            | Happened::NotSent
            | Happened::TryLater
            | Happened::Failed => self.in_flight,
        }
    }

    /// The world after `happened`, once what the flow asks for is done.
    fn after(mut self, happened: Happened) -> Self {
        let (was_waiting, was_in_flight) = (self.flow.phase == Phase::Waiting, self.in_flight);
        let step = self.flow.on(happened);
        if self.ended.is_some() {
            assert_eq!(step, Step::GoOn, "{happened:?} after the end");
            return self;
        }
        if self.in_flight && RESULTS.contains(&happened) {
            self.in_flight = false;
            // A refusal of a code that the service had asked to wait with: it may have been used up before.
            let is_used_up = happened == Happened::Refused && self.is_doubtful;
            self.is_made |= matches!(happened, Happened::Granted | Happened::Failed) || is_used_up;
            self.is_doubtful |= happened == Happened::TryLater;
        }
        if happened == Happened::Granted {
            assert_eq!(step, Step::End(End::Granted), "a key that came is lost");
        }
        match step {
            Step::Exchange => {
                assert!(!self.in_flight, "two exchanges at a time");
                assert!(!self.is_made, "an exchange after one that may have made a key");
                self.in_flight = true;
                (self.sent, self.is_doubtful) =
                    if was_waiting { (1, false) } else { (self.sent + 1, self.is_doubtful) };
                assert!(self.sent <= TRIES, "a code is sent {} times", self.sent);
            }
            Step::Pause => assert!(self.pauses() && !self.in_flight, "it waits and exchanges"),
            Step::HurryUp(_) => assert!(self.in_flight && self.hurries(), "nothing runs that could hurry"),
            Step::AskAgain => {
                assert!(self.flow.pastes_left > 0, "asked once too often");
                assert!(!self.is_made, "asked for a code after one that may have made a key");
            }
            Step::AskNoMore => assert!(self.flow.listens, "nobody is asked and nothing listens"),
            Step::End(end) => {
                // Dropped in flight, nobody knows what came of it.
                self.is_made |= self.in_flight;
                let is_told = matches!(end, End::Granted | End::Failed | End::Doubtful) || was_in_flight;
                assert!(!self.is_made || is_told, "a key that may have been made is not told of");
                self.in_flight = false;
                self.ended = Some(end);
            }
            Step::GoOn => {}
        }
        self
    }

    /// Whether the grace runs.
    fn hurries(&self) -> bool {
        matches!(self.flow.phase, Phase::Exchanging { hurry: Some(_), .. })
    }

    fn pauses(&self) -> bool {
        matches!(self.flow.phase, Phase::Pausing(_))
    }

    /// Where it leads if nobody does anything any more, and the clock alone goes on.
    fn left_alone(self) -> Option<End> {
        let mut world = self;
        for happened in [Happened::TimeUp, Happened::GraceOver] {
            if world.can(happened) {
                world = world.after(happened);
            }
        }
        world.ended
    }
}

#[test]
fn in_every_order_there_is_one_winner_and_an_end() {
    // L-12, P-6
    for (listens, asks) in [(true, true), (true, false), (false, true)] {
        let first = World::new(listens, asks);
        let (mut seen, mut queue) = (HashSet::from([first]), VecDeque::from([first]));
        let mut ends = HashSet::new();
        while let Some(world) = queue.pop_front() {
            assert!(world.left_alone().is_some(), "it hangs: {world:?}");
            ends.extend(world.ended);
            let can_go_on = world.flow.has_way() || world.in_flight || world.pauses();
            assert!(world.ended.is_some() || can_go_on, "nothing is waited for: {world:?}");
            for happened in ALL.into_iter().filter(|happened| world.can(*happened)) {
                let next = world.after(happened);
                if seen.insert(next) {
                    queue.push_back(next);
                }
            }
        }
        let mut expected = HashSet::from([
            End::Granted,
            End::Failed,
            End::Doubtful,
            End::Declined,
            End::Cancelled,
            End::TimedOut,
        ]);
        if !listens {
            expected.extend([End::NoCode, End::NoInput]);
        }
        assert_eq!(ends, expected, "listens: {listens}, asks: {asks}");
        assert!(seen.len() > 20, "only {} states", seen.len());
    }
}
