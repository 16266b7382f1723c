//! The forms in which a secret can leak.

use std::fmt::Write as _;

use openrouter_oauth_tests::base64url;

/// Secrets in every form to search for.
pub(crate) struct SecretForms {
    /// The name of each form, without the secret, and its text.
    forms: Vec<(String, String)>,
}

impl SecretForms {
    /// Creates a search for these secrets: in plain text, in base64 at each of its three offsets, in hexadecimal,
    /// percent-encoded, with JSON escapes, and as a list of numbers.
    pub(crate) fn new(secrets: &[&str]) -> Self {
        Self {
            forms: secrets.iter().enumerate().flat_map(|(number, secret)| forms(number, secret)).collect(),
        }
    }

    /// Returns the name of the first form that `text` contains.
    pub(crate) fn find(&self, text: &str) -> Option<&str> {
        let found = self.forms.iter().find(|(_, form)| text.contains(form.as_str()));
        found.map(|(name, _)| name.as_str())
    }
}

fn forms(number: usize, secret: &str) -> Vec<(String, String)> {
    let each = |form: &dyn Fn(u8) -> String| secret.bytes().map(form).collect::<String>();
    let numbers = format!("{:?}", secret.as_bytes());
    let mut forms = vec![
        ("as it is", secret.to_owned()),
        ("in hexadecimal", each(&|byte| format!("{byte:02x}"))),
        ("in hexadecimal", each(&|byte| format!("{byte:02X}"))),
        ("with percent signs", each(&|byte| format!("%{byte:02X}"))),
        ("with percent signs", each(&|byte| format!("%{byte:02x}"))),
        ("in a form", form_encoded(secret)),
        ("with JSON escapes", each(&|byte| format!("\\u{byte:04x}"))),
        ("as numbers", numbers.trim_matches(['[', ']']).to_owned()),
    ];
    for shift in 0..3 {
        let url = shifted(secret, shift);
        forms.push(("in base64", url.replace('-', "+").replace('_', "/")));
        forms.push(("in base64url", url));
    }
    let named = |(name, form)| (format!("secret {number} {name}"), form);
    forms.into_iter().map(named).collect()
}

/// Returns the base64 characters that do not depend on the text around the secret. The secret begins `shift` bytes into
/// a group of three.
fn shifted(secret: &str, shift: usize) -> String {
    let skip = (3 - shift) % 3;
    let inner = secret.get(skip..).unwrap_or_default();
    let whole = inner.len() - inner.len() % 3;
    base64url::encode(inner.get(..whole).unwrap_or_default().as_bytes())
}

/// Encodes a value as `application/x-www-form-urlencoded`.
fn form_encoded(secret: &str) -> String {
    secret.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "auth_code/0c0de-5e3c1a+7";

    #[test]
    fn every_form_is_found() {
        let secret_forms = SecretForms::new(&[SECRET]);
        for text in [
            SECRET.to_owned(),
            serde_json::to_string(&["a", SECRET]).unwrap(),
            "auth_code%2F0c0de-5e3c1a%2B7".to_owned(),
            format!("{:?}", SECRET.as_bytes()),
            forms(0, SECRET).into_iter().map(|(_, form)| form).next_back().unwrap(),
        ] {
            assert!(secret_forms.find(&format!("before {text} after")).is_some(), "{text}");
        }
        assert_eq!(secret_forms.find("auth_code [redacted]"), None);
    }

    #[test]
    fn base64_is_found_at_any_offset() {
        let secret_forms = SecretForms::new(&[SECRET]);
        for before in ["", "a", "ab", "abc", "user:"] {
            let text = base64url::encode(format!("{before}{SECRET} and more").as_bytes());
            assert!(secret_forms.find(&text).is_some(), "{before}");
        }
    }
}
