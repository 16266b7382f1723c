//! What the peer answers, and what that means.

use openrouter_oauth_tests::canary;

use crate::operation::Operation;

/// A whole answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// 200 with what was asked for.
    Success,
    /// The same, in chunks.
    Chunked,
    /// 403, with words about the code.
    Refusal,
    /// 500.
    Failure,
    /// 400: the peer could not make sense of the request.
    BadRequest,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// With what was asked for.
    Success,
    /// With a success that holds something else.
    Wrong,
    Refused,
    Unknown,
    NotSent,
    Tls,
    Other,
}

pub(crate) const CLASSES: [Class; 7] =
    [Class::Success, Class::Wrong, Class::Refused, Class::Unknown, Class::NotSent, Class::Tls, Class::Other];

impl Answer {
    pub(crate) const SHAPES: [Self; 4] = [Self::Success, Self::Chunked, Self::Refusal, Self::Failure];

    /// What the client is to make of it.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Success | Self::Chunked => Class::Success,
            Self::Refusal | Self::BadRequest => Class::Refused,
            // It may have failed after it made something.
            Self::Failure => Class::Unknown,
        }
    }

    /// As HTTP/1.1 writes it.
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

    /// How many bytes come before the body.
    pub(crate) fn head_bytes(self, operation: Operation) -> usize {
        self.bytes(operation).len() - self.body(operation).len()
    }

    fn status(self) -> &'static str {
        match self {
            Self::Success | Self::Chunked => "200 OK",
            Self::Refusal => "403 Forbidden",
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
            (Self::Refusal, _) => error(403, "Invalid code or code_verifier"),
            (Self::Failure, _) => error(500, "Internal Server Error"),
            (Self::BadRequest, _) => error(400, "Invalid request parameters"),
        }
    }
}

fn error(code: u16, message: &str) -> String {
    let said = canary::BODY;
    format!(r#"{{"error":{{"code":{code},"message":"{message}","metadata":{{"trace":"{said}"}}}}}}{}"#, "\n")
}

/// What a server behind a proxy adds.
const HEADERS: &str = "date: Mon, 23 Nov 2026 10:00:00 GMT\r\n\
    content-type: application/json; charset=utf-8\r\n\
    access-control-allow-origin: *\r\n\
    cf-ray: 8f00000000000000-FRA\r\n\
    permissions-policy: payment=(self \"https://checkout.stripe.com\")\r\n\
    referrer-policy: no-referrer, strict-origin-when-cross-origin\r\n\
    server: cloudflare\r\n\
    vary: Accept-Encoding\r\n\
    x-content-type-options: nosniff\r\n";
