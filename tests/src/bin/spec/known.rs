//! The intended differences, each with its reason.

/// A pattern of intended differences.
pub(crate) struct KnownDifference {
    /// A pattern for the text of the differences; `*` matches any text.
    pub(crate) pattern: &'static str,
    pub(crate) reason: &'static str,
}

impl KnownDifference {
    pub(crate) fn matches(&self, difference: &str) -> bool {
        matches_pattern(self.pattern, difference)
    }
}

pub(crate) const KNOWN: &[KnownDifference] = &[
    known(
        "createAuthKeysCode request /spawn_*",
        "it is OpenRouter's own telemetry, which the document excludes from SDKs",
    ),
    known(
        "exchangeAuthCodeForAPIKey 200 /user_id: is required in the document, not in the model",
        "a key is shown once, so no other field may cause its loss",
    ),
    known(
        "exchangeAuthCodeForAPIKey 200 /user_id: accepts * and changes it",
        "a key is shown once, so no other field may cause its loss",
    ),
    known(
        "getCurrentKey 200 /data/*: is required in the document, not in the model",
        "the service adds and removes fields of a key",
    ),
    known(
        "getCurrentKey 200 /data/*: accepts * and omits it",
        "a field that cannot be read is absent, so that the others are read, and it stays in `KeyInfo::other`",
    ),
    known("*getCurrentKey 200* /data/allowed_data_regions: is not in the document", IN_SDKS),
    known("*getCurrentKey 200* /data/budgets: is not in the document", IN_SDKS),
    known("*getCurrentKey 200* /data/effective_budget: is not in the document", IN_SDKS),
    known("*getCurrentKey 200* /data/free_model_daily_requests: is not in the document", IN_SDKS),
    known("*getCurrentKey 200* /data/organization_id: is not in the document", IN_SDKS),
    known("*getCurrentKey 200* /data/workspace_id: is not in the document", IN_SDKS),
    known(
        "getCurrentKey 200 /data*: accepts [] and changes it",
        "serde accepts an array of the fields in order",
    ),
    known(
        "getCurrentKey 200 /data/limit_reset: knows *",
        "these are the values of usage_limit_type, which sets it",
    ),
    known("*/code_challenge_method: accepts \"*\" and keeps it", "an enum keeps unknown values"),
    known("*/usage_limit_type: accepts \"*\" and keeps it", "an enum keeps unknown values"),
    known("*: accepts null and omits it", "null can only mean absent there, and is never serialized"),
    known("*: rejects \"\"", "an empty code, key, label or time is a mistake"),
    known("*/code_verifier: rejects \"other text\"", "RFC 7636 requires 43 to 128 characters (section 4.1)"),
    known("*/code_challenge: rejects \"other text\"", "RFC 7636 requires 43 to 128 characters (section 4.2)"),
    known("*/key: rejects \"other text\"", "a key is sent in a header, so it contains only visible ASCII"),
    known(
        "createAuthKeysCode 200 /data/app_id: *",
        "a code works without it, so no other field may cause its loss",
    ),
    known(
        "createAuthKeysCode 200 /data/created_at: *",
        "a code works without it, so no other field may cause its loss",
    ),
    known(
        "emulator * 400, malformed JSON: is not JSON",
        "the service sends plain text, according to its clients",
    ),
    known(
        "emulator * 400, wrong type */*",
        "the service's validator has its own envelope, according to its clients",
    ),
    known("createAuthKeysCode request /limit: rejects -1", "a limit cannot be negative"),
];

const IN_SDKS: &str = "OpenRouter sends it, and its SDKs have it";

const fn known(pattern: &'static str, reason: &'static str) -> KnownDifference {
    KnownDifference { pattern, reason }
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().any(|(i, _)| matches_pattern(tail, &rest[i..])) || matches_pattern(tail, "")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn star_matches_any_text() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("*", "abc"), ("a*c", "abbc"), ("*b*", "abc"), ("a*", "a")]
        {
            assert!(matches_pattern(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "abcd"), ("*b*", "ac"), ("", "a")] {
            assert!(!matches_pattern(pattern, text), "{pattern} {text}");
        }
    }
}
