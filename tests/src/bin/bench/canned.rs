//! The values of every exchange, and the responses of the server.

pub(crate) const CODE: &str = "auth_code_0123456789abcdef0123456789abcdef";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "user_2m0123456789abcdefghijk";

pub(crate) const STATE: &str = "c3RhdGUtb2YtdGVzdC0wMA";
/// The callback URL of the program.
pub(crate) const CALLBACK_URL: &str = "http://127.0.0.1:3000/callback";
/// The path of the sign-in's callback: the program's path and the attempt ID.
pub(crate) const CALLBACK_PATH: &str = "/callback/bm9uY2Utb2YtdGVzdC0wMA";
/// The parameters of a callback. The first and the last one are foreign: a program or a tunnel may add some.
pub(crate) const CALLBACK_QUERY: &str = "from=settings&code=auth_code_0123456789abcdef0123456789abcdef\
     &state=c3RhdGUtb2YtdGVzdC0wMA&next=https%3A%2F%2Fmy.app%2Fafter+sign-in";

/// How the server responds. Every path of a base URL begins with one of these.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CannedResponse {
    /// 200 with a key.
    Grant,
    /// 400 with OpenRouter's envelope and a short message.
    Rejection,
    /// 400 with OpenRouter's envelope and as much text as the SDK parses.
    LongRejection,
}

impl CannedResponse {
    /// Returns the first segment of a path to this response.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Rejection => "rejection",
            Self::LongRejection => "long-rejection",
        }
    }

    /// Returns the response to a request for `path`.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        let segment = path.split('/').nth(1)?;
        [Self::Grant, Self::Rejection, Self::LongRejection]
            .into_iter()
            .find(|response| response.segment() == segment)
    }

    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Grant => 200,
            Self::Rejection | Self::LongRejection => 400,
        }
    }

    pub(crate) fn body(self) -> String {
        match self {
            Self::Grant => format!(r#"{{"key":"{KEY}","user_id":"{USER}"}}"#),
            Self::Rejection => rejection(MESSAGE),
            Self::LongRejection => {
                let rest = LONG_BODY_BYTES - rejection("").len();
                rejection(&MESSAGE.chars().chain([' ']).cycle().take(rest).collect::<String>())
            }
        }
    }
}

pub(crate) const MESSAGE: &str =
    "The code or the code_verifier is not valid, so this sign-in cannot be finished.";

/// The SDK does not parse a longer body.
const LONG_BODY_BYTES: usize = 8 * 1024;

fn rejection(message: &str) -> String {
    format!(r#"{{"error":{{"message":"{message}","code":400}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rejection_has_8_kib() {
        assert_eq!(CannedResponse::LongRejection.body().len(), 8192);
    }
}
