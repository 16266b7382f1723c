//! The texts of the pages.

use super::kind::PageKind;
use crate::outcome::Outcome;

pub(super) fn title(kind: PageKind<'_>) -> &'static str {
    texts(kind).0
}

pub(super) fn sentences(kind: PageKind<'_>) -> &'static str {
    texts(kind).1
}

fn texts(kind: PageKind<'_>) -> (&'static str, &'static str) {
    match kind {
        PageKind::Begin => {
            ("Connect OpenRouter", "OpenRouter will ask you to approve an API key for this application.")
        }
        PageKind::Ended(outcome) => of_outcome(outcome),
        PageKind::CannotBegin => {
            ("The sign-in could not begin", "Nothing was sent to OpenRouter. Start again.")
        }
        PageKind::NotFound => ("Page not found", "There is no page at this address."),
        PageKind::WrongMethod => ("Request not supported", "Open this address in a browser."),
    }
}

fn of_outcome(outcome: &Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Denied => ("You declined", "No key was created. You can start again at any time."),
        Outcome::Expired => (
            "The sign-in took too long",
            "Start again, and approve the key sooner. If your list of keys at OpenRouter has a \
             new key for this application, delete it.",
        ),
        Outcome::AlreadyUsed => (
            "This sign-in has ended",
            "It may have ended in another tab. If you are not connected, start again.",
        ),
        Outcome::Rejected => (
            "OpenRouter rejected the sign-in",
            "Start again. If your list of keys at OpenRouter has a new key for this \
             application, delete it.",
        ),
        Outcome::OutcomeUnknown { key_label } => {
            ("The sign-in may not have completed", unknown(key_label.is_some()))
        }
        Outcome::NotOurs => (
            "This sign-in cannot continue here",
            "It was started in another browser, by another user, or too long ago, or the address of this page is \
             incomplete. Nothing was sent. Start again.",
        ),
        Outcome::TryAgain { .. } => (
            "Please try again",
            "The sign-in could not be completed right now. Wait a moment, then try again.",
        ),
        Outcome::StillRunning { .. } => {
            ("Please wait", "The sign-in is still being completed. Wait a moment, then reload.")
        }
        Outcome::Prefetch => ("Open this page", "Your browser loaded this page ahead of time."),
        Outcome::WrongMethod => texts(PageKind::WrongMethod),
    }
}

fn unknown(has_label: bool) -> &'static str {
    if has_label {
        "OpenRouter may have created a key that did not arrive. Look at your list of keys at OpenRouter. If you are not \
         connected, delete the newest key with this label, then start again."
    } else {
        "OpenRouter may have created a key that did not arrive. Look at your list of keys at OpenRouter. If you are not \
         connected, delete the newest key of this application, then start again."
    }
}

#[cfg(test)]
mod tests {
    use openrouter_oauth::KeyLabel;

    use super::*;

    #[test]
    fn unknown_outcome_mentions_a_label_only_if_there_is_one() {
        let text = |key_label| sentences(PageKind::Ended(&Outcome::OutcomeUnknown { key_label }));
        let labeled = text(Some(KeyLabel::parse("my app").unwrap()));
        assert!(labeled.contains("delete the newest key with this label, then start again."), "{labeled}");
        assert!(!text(None).contains("label"), "{}", text(None));
    }
}
