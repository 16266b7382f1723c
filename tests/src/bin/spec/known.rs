//! The differences that are meant, each with its reason.

/// Differences that are meant.
pub(crate) struct Known {
    /// What they read like; `*` stands for anything.
    pub(crate) pattern: &'static str,
    pub(crate) reason: &'static str,
}

impl Known {
    pub(crate) fn fits(&self, difference: &str) -> bool {
        fits(self.pattern, difference)
    }
}

pub(crate) const KNOWN: &[Known] = &[
    known(
        "createAuthKeysCode request /spawn_*",
        "it is OpenRouter's own telemetry, marked to be left out of SDKs",
    ),
    known(
        "exchangeAuthCodeForAPIKey 200 /user_id: is required in the document, not in the model",
        "a key is shown once, and nothing beside it may lose it",
    ),
    known(
        "exchangeAuthCodeForAPIKey 200 /user_id: takes * and changes it",
        "a key is shown once, and nothing beside it may lose it",
    ),
    known(
        "getCurrentKey 200 /data/*: is required in the document, not in the model",
        "the service adds and drops fields of a key",
    ),
    known("getCurrentKey 200 /data*: takes [] and changes it", "serde reads a list as the fields in order"),
    known(
        "getCurrentKey 200 /data/limit_reset: knows *",
        "these are the words of usage_limit_type, by which it is set",
    ),
    known(
        "*/code_challenge_method: takes \"*\" and keeps it",
        "an enum keeps the words that it does not know",
    ),
    known("*/usage_limit_type: takes \"*\" and keeps it", "an enum keeps the words that it does not know"),
    known("*: takes null and leaves it out", "null can only mean absent there, and is never written"),
    known("*: refuses \"\"", "an empty code, key, label or time is a mistake"),
    known("*/code_verifier: refuses \"other text\"", "RFC 7636 asks for 43 to 128 characters (section 4.1)"),
    known("*/code_challenge: refuses \"other text\"", "RFC 7636 asks for 43 to 128 characters (section 4.2)"),
    known("*/key: refuses \"other text\"", "a key is put into a header, so it holds visible ASCII alone"),
    known(
        "createAuthKeysCode 200 /data/app_id: *",
        "a code is good without it, and nothing beside a code may lose it",
    ),
    known(
        "createAuthKeysCode 200 /data/created_at: *",
        "a code is good without it, and nothing beside a code may lose it",
    ),
    known("createAuthKeysCode request /limit: refuses -1", "no such amount can be spent"),
];

const fn known(pattern: &'static str, reason: &'static str) -> Known {
    Known { pattern, reason }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| rest.char_indices().any(|(i, _)| fits(tail, &rest[i..])) || fits(tail, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("*", "abc"), ("a*c", "abbc"), ("*b*", "abc"), ("a*", "a")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "abcd"), ("*b*", "ac"), ("", "a")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
