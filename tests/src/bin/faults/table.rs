//! The table that is printed, and the sum of it.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    case::{Case, KINDS, Part},
    response::{CLASSES, Class},
    verdict::{Done, Miss, Rule},
};

/// All that was run.
pub(crate) struct Table {
    begun: Instant,
    is_quiet: bool,
    pub(crate) cases: usize,
    pub(crate) posts: usize,
    pub(crate) misses: Vec<Miss>,
}

/// One line of the sweep.
pub(crate) struct Cell {
    name: String,
    kinds: [usize; KINDS.len()],
    classes: [usize; CLASSES.len()],
    cases: usize,
    posts: usize,
    misses: Vec<Miss>,
    pub(crate) took: Duration,
}

/// So many misses are shown.
const SHOWN: usize = 5;

impl Table {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), is_quiet: false, cases: 0, posts: 0, misses: Vec::new() }
    }

    /// Counts, and prints nothing.
    pub(crate) fn quiet() -> Self {
        Self { is_quiet: true, ..Self::new() }
    }

    pub(crate) fn head() {
        println!(
            "{:<36} {:>5} {:>5} {:>5} {:>5}  {:>7} {:>5} {:>7} {:>7} {:>8} {:>5} {:>5} {:>6} {:>6} {:>6}",
            "cell",
            "close",
            "reset",
            "stall",
            "flip",
            "success",
            "wrong",
            "refused",
            "unknown",
            "not sent",
            "tls",
            "other",
            "posts",
            "missed",
            "s"
        );
    }

    pub(crate) fn add(&mut self, cell: Cell) {
        if cell.cases == 0 {
            return;
        }
        if !self.is_quiet {
            println!("{}", cell.line());
        }
        self.cases += cell.cases;
        self.posts = self.posts.max(cell.posts);
        self.take(cell.misses);
    }

    /// What was run up to here.
    pub(crate) fn sub_total(&self, name: &str) {
        if !self.is_quiet {
            let (cases, took) = (grouped(self.cases), self.begun.elapsed().as_secs_f64());
            println!("{name:<36} {cases:>6} cases  {} missed  {took:>5.1} s", self.misses.len());
        }
    }

    /// A part that is not of the sweep: its name, its cases, and what it says of itself.
    pub(crate) fn part(&mut self, name: &str, cases: usize, says: &str, misses: Vec<Miss>, took: Duration) {
        println!(
            "{name:<36} {cases:>6} cases  {} missed  {:>5.1} s  {says}",
            misses.len(),
            took.as_secs_f64()
        );
        self.cases += cases;
        self.take(misses);
    }

    fn take(&mut self, misses: Vec<Miss>) {
        if !self.is_quiet {
            for miss in misses.iter().take(SHOWN) {
                println!("  MISSED {:?}: {}", miss.rule, miss.text);
            }
        }
        self.misses.extend(misses);
    }

    /// Whether this rule was broken.
    pub(crate) fn missed(&self, rule: Rule) -> usize {
        self.misses.iter().filter(|miss| miss.rule == rule).count()
    }

    /// `faults: 20,480 cases, 0 missed, max posts 1, 41.2 s`
    pub(crate) fn sum(&self) -> String {
        format!(
            "faults: {} cases, {} missed, max posts {}, {:.1} s",
            grouped(self.cases),
            grouped(self.misses.len()),
            self.posts,
            self.begun.elapsed().as_secs_f64()
        )
    }
}

impl Cell {
    pub(crate) fn new(base: Case, part: Part) -> Self {
        let name = match part {
            Part::Response => format!("{:?} {:?} {part:?} {:?}", base.protocol, base.operation, base.answer),
            Part::Handshake | Part::Request => format!("{:?} {:?} {part:?}", base.protocol, base.operation),
        };
        Self {
            name,
            kinds: Default::default(),
            classes: Default::default(),
            cases: 0,
            posts: 0,
            misses: Vec::new(),
            took: Duration::ZERO,
        }
    }

    pub(crate) fn add(&mut self, done: Done) {
        // The good calls at the end are judged, and are no faults.
        self.cases += usize::from(done.case.fault.is_some());
        self.posts = self.posts.max(done.posts);
        count(&KINDS, &mut self.kinds, done.case.fault.map(|fault| fault.kind));
        count(&CLASSES, &mut self.classes, done.class);
        self.misses.extend(done.misses);
    }

    pub(crate) fn miss(&mut self, miss: Miss) {
        self.misses.push(miss);
    }

    fn line(&self) -> String {
        let mut line = format!("{:<36}", self.name);
        let [close, reset, stall, flip] = self.kinds;
        let _infallible = write!(line, " {close:>5} {reset:>5} {stall:>5} {flip:>5} ");
        for (class, count) in CLASSES.iter().zip(self.classes) {
            let _infallible = write!(line, " {count:>width$}", width = width(*class));
        }
        let (posts, missed, took) = (self.posts, self.misses.len(), self.took.as_secs_f64());
        let _infallible = write!(line, " {posts:>6} {missed:>6} {took:>6.1}");
        line
    }
}

fn width(class: Class) -> usize {
    match class {
        Class::Success | Class::Refused | Class::Unknown => 7,
        Class::NotSent => 8,
        Class::Wrong | Class::Tls | Class::Other => 5,
    }
}

fn count<T: PartialEq>(names: &[T], counts: &mut [usize], found: Option<T>) {
    if let Some(found) = found {
        for (name, count) in names.iter().zip(counts) {
            *count += usize::from(*name == found);
        }
    }
}

/// `20,480`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
