//! The responses: as many as there are pages.

/// The page that the browser shows in the end.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ResultPage {
    /// The key is there.
    SignedIn,
    /// The key is there, and the program could not store it.
    NotStored,
    /// The user declined.
    Denied,
    /// OpenRouter rejected the code, or could not be reached; no key was made.
    Failed,
    /// A key may have been made.
    OutcomeUnknown,
}

/// Why a request was not the callback. It got a response, unless it was [dropped](Self::Dropped), and the wait went on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RejectedRequest {
    /// It is not HTTP/1, or can be read in two ways.
    Malformed,
    /// It has more than 8 KiB or 50 headers.
    TooLong,
    /// It took longer than 5 seconds.
    Slow,
    /// It has another path, or another attempt ID.
    NotFound,
    /// It is not a `GET`.
    Method,
    /// It names another host.
    Host,
    /// A script, a frame, or a browser that loads ahead sent it.
    NotNavigation,
    /// It is at the callback, with neither a code nor an error that can be read.
    Unreadable,
    /// It is at the callback, which was used already.
    Used,
    /// It had to make room before its head was complete. It got no response.
    Dropped,
}

/// A response. It is made of the text in this file alone, so that nothing of a request can come back.
#[derive(Clone, Copy)]
pub(super) struct Response {
    status: &'static str,
    title: &'static str,
    text: &'static str,
    role: Role,
}

/// How a screen reader is told.
#[derive(Clone, Copy)]
enum Role {
    Status,
    Alert,
}

const STYLE: &str = include_str!("page.css");

/// The SHA-256 of [`STYLE`] in base64, by which the page's policy allows it.
const STYLE_HASH: &str = "LPS6QgPuuSJc3Dquc8oym21GEig2stjudiwms7KNUec=";

impl Response {
    /// The bytes. A `HEAD` gets no body (RFC 9110, section 9.3.2).
    pub(super) fn bytes(self, has_body: bool) -> Vec<u8> {
        let Self { status, title, text, role } = self;
        let role = match role {
            Role::Status => "status",
            Role::Alert => "alert",
        };
        let body = format!(include_str!("page.html"), title = title, text = text, role = role, style = STYLE);
        let head = format!(
            "HTTP/1.1 {status}\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\n\
             Cache-Control: no-store\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'none'\r\n\
             Referrer-Policy: no-referrer\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        [head.as_str(), if has_body { body.as_str() } else { "" }].concat().into_bytes()
    }

    const fn status(status: &'static str, title: &'static str, text: &'static str) -> Self {
        Self { status, title, text, role: Role::Status }
    }

    const fn alert(status: &'static str, title: &'static str, text: &'static str) -> Self {
        Self { status, title, text, role: Role::Alert }
    }
}

impl ResultPage {
    pub(super) fn response(self) -> Response {
        match self {
            Self::SignedIn => Response::status(
                "200 OK",
                "You are signed in",
                "You can close this page and go back to the program.",
            ),
            Self::NotStored => Response::alert(
                "200 OK",
                "You are signed in, but the key was not stored",
                "Go back to the program: it says why, and what to do with the key.",
            ),
            Self::Denied => Response::alert(
                "200 OK",
                "You are not signed in",
                "You declined, and no key was made. You can close this page. To sign in after all, start again from the \
                 program.",
            ),
            Self::Failed => Response::alert(
                "502 Bad Gateway",
                "You are not signed in",
                "OpenRouter gave no key. Go back to the program: it says why, and you can start again there.",
            ),
            Self::OutcomeUnknown => Response::alert(
                "502 Bad Gateway",
                "Sign-in may not have completed",
                "OpenRouter’s response was lost, so a key may have been made that nobody has. Go back to the program: it \
                 says how to find that key, and you can start again there.",
            ),
        }
    }
}

impl RejectedRequest {
    /// The response, if the other side is still there to receive it.
    pub(super) fn response(self) -> Option<Response> {
        Some(match self {
            Self::Malformed => Response::alert(
                "400 Bad Request",
                "This cannot be read",
                "What came here is no request of a browser. If you are signing in, open the address that the program \
                 shows.",
            ),
            Self::Unreadable => Response::alert(
                "400 Bad Request",
                "This callback is incomplete",
                "You were sent back here without what the program needs. It still waits: go back to the program, and \
                 open the address that it shows once more.",
            ),
            Self::NotNavigation => Response::alert(
                "403 Forbidden",
                "Open this in a tab of its own",
                "Open this address directly in a browser tab. Other pages cannot embed, preload or request it.",
            ),
            Self::NotFound => Response::alert(
                "404 Not Found",
                "There is nothing here",
                "A program waits here for somebody to sign in, at another address than this. If that is you, open the \
                 address that the program shows.",
            ),
            Self::Method => Response::alert(
                "405 Method Not Allowed\r\nAllow: GET",
                "This can only be opened",
                "This address only accepts a browser that opens it.",
            ),
            Self::Slow => Response::alert(
                "408 Request Timeout",
                "This took too long",
                "The request did not arrive in time. Load the page again.",
            ),
            Self::Used => Response::alert(
                "410 Gone",
                "This was used already",
                "Each sign-in comes back once, and this one has. Go back to the program: it says what came of it.",
            ),
            Self::Host => Response::alert(
                "421 Misdirected Request",
                "This is another address",
                "The program that waits here goes by another name. Open the address that it shows.",
            ),
            Self::TooLong => Response::alert(
                "431 Request Header Fields Too Large",
                "This is too long",
                "The browser sent more than fits, which may be cookies of other programs on this machine. Load the page \
                 in a private window.",
            ),
            Self::Dropped => return None,
        })
    }
}
