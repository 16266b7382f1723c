//! Checks the outcome of a call against the rules.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use openrouter_oauth::Error;
use openrouter_oauth_tests::canary;

use crate::{
    case::{Case, FaultKind, Part, Protocol},
    operation::OWN_KEY,
    response::{OutcomeClass, ResponseKind},
    secret_forms::SecretForms,
    server::Observed,
};

/// The outcome of a call, and its duration. There is no outcome if the call had to be stopped.
pub(crate) struct CallEnd {
    pub(crate) outcome: Option<Result<String, Error>>,
    pub(crate) duration: Duration,
}

/// The result of a case.
pub(crate) struct CaseResult {
    pub(crate) case: Case,
    pub(crate) class: Option<OutcomeClass>,
    pub(crate) requests: usize,
    pub(crate) violations: Vec<Violation>,
}

/// A broken rule.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) text: String,
}

/// A rule for every call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rule {
    /// It ends with the right value, or with an error of the right class.
    Class,
    /// It sends at most one request, and at most one key is created.
    Once,
    /// It ends at its deadline.
    Deadline,
    /// No error contains a secret.
    Secret,
    /// It leaves no task and no open file behind.
    Leak,
    /// It stays within its memory limit.
    Memory,
    /// Hooks see the beginning and the end of every call, even if it is dropped.
    HookCounts,
    /// Every sign-in gets the key of its own verifier.
    Owner,
    /// An error says so if a key may exist that the program did not receive, and only then.
    Doubt,
    /// A response that is not OpenRouter's says nothing about the key or the code, and does not spend the sign-in
    /// unless its outcome is unknown.
    Foreign,
}

/// How far past its deadline a call may end on a busy machine.
pub(crate) const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

impl OutcomeClass {
    pub(crate) fn from_outcome(case: &Case, outcome: &Result<String, Error>) -> Self {
        match outcome {
            Ok(secret) if secret == case.operation.secret() => Self::Success,
            Ok(_) => Self::WrongValue,
            Err(Error::OutcomeUnknown(_)) => Self::Unknown,
            Err(Error::NotSent(_)) => Self::NotSent,
            Err(Error::Tls(_)) => Self::Tls,
            Err(
                Error::Api(_)
                | Error::RateLimited { .. }
                | Error::ServiceUnavailable { .. }
                | Error::UnexpectedRedirect { .. },
            ) => Self::Rejected,
            Err(_) => Self::Other,
        }
    }
}

/// Returns every rule that the outcome of a case breaks.
pub(crate) fn check(
    case: &Case,
    end: &CallEnd,
    observed: &Observed,
    secret_forms: &SecretForms,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut violate = |rule, what: &dyn Display| {
        violations.push(Violation { rule, text: format!("{what}: {case:?} {observed:?}") });
    };
    if observed.requests > 1 {
        violate(Rule::Once, &format_args!("sent {} times", observed.requests));
    }
    let Some(outcome) = &end.outcome else {
        violate(Rule::Deadline, &format_args!("still running after {:?}", end.duration));
        return violations;
    };
    let class = OutcomeClass::from_outcome(case, outcome);
    let expected = allowed_classes(case, observed);
    if !expected.contains(&class) {
        violate(Rule::Class, &WrongClass { class, expected: &expected, outcome });
    }
    let shown = outcome.as_ref().err().and_then(|error| secret_forms.find(&canary::everything(error)));
    if let Some(form) = shown {
        violate(Rule::Secret, &format_args!("an error contains {form}"));
    }
    violations
}

/// Returns the classes of outcome that the fault allows.
fn allowed_classes(case: &Case, observed: &Observed) -> Vec<OutcomeClass> {
    let meaning = observed.sent_response.map(ResponseKind::class);
    let Some(fault) = case.fault else { return meaning.into_iter().collect() };
    match (case.part, fault.kind) {
        // TLS does not check every bit of its handshake, so some flipped bits change nothing.
        (Part::Handshake, FaultKind::Flip) => {
            [OutcomeClass::NotSent, OutcomeClass::Tls].into_iter().chain(meaning).collect()
        }
        (Part::Handshake, _) => vec![OutcomeClass::NotSent, OutcomeClass::Tls],
        // Only a connection that ended before the request was written proves that it was not sent. On a busy machine,
        // the handshake alone can outlast the deadline.
        (Part::Request | Part::Response, _)
            if observed.requests == 0 && observed.max_bytes <= case.bytes_without_request =>
        {
            vec![OutcomeClass::Unknown, OutcomeClass::NotSent]
        }
        (Part::Request, FaultKind::Flip) => vec![meaning.unwrap_or(OutcomeClass::Unknown)],
        (Part::Response, FaultKind::Flip) if case.protocol == Protocol::Http => {
            // Without TLS, the flip can turn the response into any other.
            vec![
                OutcomeClass::Success,
                OutcomeClass::WrongValue,
                OutcomeClass::Rejected,
                OutcomeClass::Unknown,
            ]
        }
        (Part::Response, FaultKind::Flip) => [OutcomeClass::Unknown].into_iter().chain(meaning).collect(),
        // The status alone is a rejection. A reset can destroy bytes that the client has not read yet. When a deadline
        // passes, only the transport knows the status, and the timer of an async client may be faster.
        (Part::Response, _) if rejection_is_visible(case, fault.offset) => match fault.kind {
            FaultKind::Close => vec![OutcomeClass::Rejected],
            _ => vec![OutcomeClass::Rejected, OutcomeClass::Unknown],
        },
        (Part::Request | Part::Response, _) => vec![OutcomeClass::Unknown],
    }
}

/// Returns whether the client can see the status of a rejection after this many bytes of the response.
fn rejection_is_visible(case: &Case, offset: usize) -> bool {
    case.response == ResponseKind::Rejection && offset >= case.bytes_with_status
}

/// Returns the secrets that a call sends or receives.
pub(crate) fn secrets() -> [&'static str; 5] {
    [canary::CODE, canary::VERIFIER, canary::KEY, canary::BODY, OWN_KEY]
}

struct WrongClass<'a> {
    class: OutcomeClass,
    expected: &'a [OutcomeClass],
    outcome: &'a Result<String, Error>,
}

impl Display for WrongClass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} instead of {:?}", self.class, self.expected)?;
        match self.outcome {
            Ok(_) => Ok(()),
            Err(error) => write!(f, " ({error:?})"),
        }
    }
}
