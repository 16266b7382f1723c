//! Whether a call ended as it should.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use openrouter_oauth::Error;
use openrouter_oauth_tests::canary;

use crate::{
    case::{Case, Kind, Part, Protocol},
    operation::OWN_KEY,
    response::{Answer, Class},
    secret_forms::Needles,
    server::Seen,
};

/// How a call ended, and how long it took; no outcome if it had to be stopped.
pub(crate) struct Ended {
    pub(crate) outcome: Option<Result<String, Error>>,
    pub(crate) took: Duration,
}

/// How a case ended.
pub(crate) struct Done {
    pub(crate) case: Case,
    pub(crate) class: Option<Class>,
    pub(crate) posts: usize,
    pub(crate) misses: Vec<Miss>,
}

/// What is wrong with a case.
#[derive(Debug)]
pub(crate) struct Miss {
    pub(crate) rule: Rule,
    pub(crate) text: String,
}

/// What must hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rule {
    /// It ends with the right success, or an error of the right class.
    Class,
    /// It sends at most once.
    Once,
    /// It ends at its deadline.
    Deadline,
    /// No error shows a secret.
    Secret,
    /// It leaves nothing behind.
    Left,
    /// It takes no more memory than its limits say.
    Memory,
    /// A dropped call is told to the hooks, and its transaction is spent.
    Dropped,
    /// A key is the one of its verifier.
    Owner,
}

/// What a call may take over its limit on a machine that has other things to do.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

impl Class {
    pub(crate) fn of(case: &Case, outcome: &Result<String, Error>) -> Self {
        match outcome {
            Ok(secret) if secret == case.operation.secret() => Self::Success,
            Ok(_) => Self::Wrong,
            Err(Error::OutcomeUnknown(_)) => Self::Unknown,
            Err(Error::NotSent(_)) => Self::NotSent,
            Err(Error::Tls(_)) => Self::Tls,
            Err(
                Error::Api(_)
                | Error::RateLimited { .. }
                | Error::ServiceUnavailable { .. }
                | Error::UnexpectedRedirect { .. },
            ) => Self::Refused,
            Err(_) => Self::Other,
        }
    }
}

/// All that is wrong with how a case ended.
pub(crate) fn judge(case: &Case, ended: &Ended, seen: &Seen, needles: &Needles) -> Vec<Miss> {
    let mut misses = Vec::new();
    let mut miss =
        |rule, what: &dyn Display| misses.push(Miss { rule, text: format!("{what}: {case:?} {seen:?}") });
    if seen.posts > 1 {
        miss(Rule::Once, &format_args!("sent {} times", seen.posts));
    }
    let Some(outcome) = &ended.outcome else {
        miss(Rule::Deadline, &format_args!("not over after {:?}", ended.took));
        return misses;
    };
    let class = Class::of(case, outcome);
    let right = expected(case, seen);
    if !right.contains(&class) {
        miss(Rule::Class, &Found { class, right: &right, outcome });
    }
    let shown = outcome.as_ref().err().and_then(|error| needles.find(&canary::everything(error)));
    if let Some(form) = shown {
        miss(Rule::Secret, &format_args!("an error shows {form}"));
    }
    misses
}

/// The classes that what happened allows.
fn expected(case: &Case, seen: &Seen) -> Vec<Class> {
    let meaning = seen.answered.map(Answer::class);
    let Some(fault) = case.fault else { return meaning.into_iter().collect() };
    match (case.part, fault.kind) {
        // A flipped bit that TLS does not look at changes nothing.
        (Part::Handshake, Kind::Flip) => [Class::NotSent, Class::Tls].into_iter().chain(meaning).collect(),
        (Part::Handshake, _) => vec![Class::NotSent, Class::Tls],
        (Part::Request, Kind::Flip) => vec![meaning.unwrap_or(Class::Unknown)],
        // Only a connection that was closed before the request was written proves that it was not sent.
        (Part::Request, _) if seen.posts == 0 && seen.most <= case.silent => {
            vec![Class::Unknown, Class::NotSent]
        }
        (Part::Response, Kind::Flip) if case.protocol == Protocol::Http => {
            // The answer may say anything now.
            vec![Class::Success, Class::Wrong, Class::Refused, Class::Unknown]
        }
        (Part::Response, Kind::Flip) => [Class::Unknown].into_iter().chain(meaning).collect(),
        // A refusal is one without its words, too. A reset may take away what was not read yet.
        (Part::Response, Kind::Close | Kind::Reset) if says_no(case, fault.offset) => match fault.kind {
            Kind::Close => vec![Class::Refused],
            _ => vec![Class::Refused, Class::Unknown],
        },
        (Part::Request | Part::Response, _) => vec![Class::Unknown],
    }
}

/// Whether the head of a refusal has gone out in the clear when this many bytes of the answer have.
fn says_no(case: &Case, offset: usize) -> bool {
    case.answer == Answer::Refusal && offset >= case.told
}

/// The secrets of every call.
pub(crate) fn secrets() -> [&'static str; 5] {
    [canary::CODE, canary::VERIFIER, canary::KEY, canary::BODY, OWN_KEY]
}

struct Found<'a> {
    class: Class,
    right: &'a [Class],
    outcome: &'a Result<String, Error>,
}

impl Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in place of {:?}", self.class, self.right)?;
        match self.outcome {
            Ok(_) => Ok(()),
            Err(error) => write!(f, " ({error:?})"),
        }
    }
}
