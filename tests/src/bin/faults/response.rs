//! The responses of the server, and the class of outcome for each.

use openrouter_oauth_tests::canary;

use crate::operation::Operation;

/// A response of the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ResponseKind {
    /// 200 with a valid body.
    Success,
    /// The same, with a chunked body.
    Chunked,
    /// 403: the code is rejected.
    Rejection,
    /// 500.
    Failure,
    /// 400: the request does not match the operation.
    BadRequest,
}

/// The class of the outcome of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OutcomeClass {
    /// The right value.
    Success,
    /// Another value.
    WrongValue,
    Rejected,
    Unknown,
    NotSent,
    Tls,
    Other,
}

pub(crate) const OUTCOME_CLASSES: [OutcomeClass; 7] = [
    OutcomeClass::Success,
    OutcomeClass::WrongValue,
    OutcomeClass::Rejected,
    OutcomeClass::Unknown,
    OutcomeClass::NotSent,
    OutcomeClass::Tls,
    OutcomeClass::Other,
];

impl ResponseKind {
    pub(crate) const ALL_OVER_HTTP: [Self; 4] =
        [Self::Success, Self::Chunked, Self::Rejection, Self::Failure];

    /// Returns the class of the resulting outcome.
    pub(crate) fn class(self) -> OutcomeClass {
        match self {
            Self::Success | Self::Chunked => OutcomeClass::Success,
            Self::Rejection | Self::BadRequest => OutcomeClass::Rejected,
            // The server may have created the key or the code before it failed.
            Self::Failure => OutcomeClass::Unknown,
        }
    }

    /// Formats the response as HTTP/1.1.
    pub(crate) fn bytes(self, operation: Operation) -> Vec<u8> {
        let (status, body) = (self.status(), self.body(operation));
        let framed = if self == Self::Chunked {
            let (first, second) = body.split_at(body.len() / 2);
            let chunks = [first, second, ""].map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
            format!("transfer-encoding: chunked\r\n\r\n{}", chunks.concat())
        } else {
            format!("content-length: {}\r\n\r\n{body}", body.len())
        };
        format!("HTTP/1.1 {status}\r\n{HEADERS}{framed}").into_bytes()
    }

    /// Returns the length of the head.
    pub(crate) fn head_bytes(self, operation: Operation) -> usize {
        self.bytes(operation).len() - self.body(operation).len()
    }

    fn status(self) -> &'static str {
        match self {
            Self::Success | Self::Chunked => "200 OK",
            Self::Rejection => "403 Forbidden",
            Self::Failure => "500 Internal Server Error",
            Self::BadRequest => "400 Bad Request",
        }
    }

    fn body(self, operation: Operation) -> String {
        match (self, operation) {
            (Self::Success | Self::Chunked, Operation::Exchange) => {
                format!(r#"{{"key":"{}","user_id":"user_2m0123456789abcdefghijk"}}{}"#, canary::KEY, "\n")
            }
            (Self::Success | Self::Chunked, Operation::CreateCode) => format!(
                r#"{{"data":{{"id":"{}","app_id":4711,"created_at":"2026-11-23T10:00:00Z"}}}}{}"#,
                canary::CODE,
                "\n"
            ),
            (Self::Rejection, _) => error(403, "Invalid code or code_verifier"),
            (Self::Failure, _) => error(500, "Internal Server Error"),
            (Self::BadRequest, _) => error(400, "Invalid request parameters"),
        }
    }
}

fn error(code: u16, message: &str) -> String {
    let trace = canary::BODY;
    format!(r#"{{"error":{{"code":{code},"message":"{message}","metadata":{{"trace":"{trace}"}}}}}}{}"#, "\n")
}

/// The headers of a server behind Cloudflare.
const HEADERS: &str = "date: Mon, 23 Nov 2026 10:00:00 GMT\r\n\
    content-type: application/json; charset=utf-8\r\n\
    access-control-allow-origin: *\r\n\
    cf-ray: 8f00000000000000-FRA\r\n\
    permissions-policy: payment=(self \"https://checkout.stripe.com\")\r\n\
    referrer-policy: no-referrer, strict-origin-when-cross-origin\r\n\
    server: cloudflare\r\n\
    vary: Accept-Encoding\r\n\
    x-content-type-options: nosniff\r\n";
