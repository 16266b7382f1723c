//! The pages that the listener sends.

/// The page that shows the result of a sign-in in the browser.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ResultPage {
    /// The sign-in succeeded.
    SignedIn,
    /// The sign-in succeeded, but the program could not store the key.
    NotStored,
    /// The user declined.
    Denied,
    /// OpenRouter rejected the code, or could not be reached. No key was created.
    Failed,
    /// A key may have been created.
    OutcomeUnknown,
}

/// The reason why the listener rejected a request.
///
/// The request got a response, unless it was [dropped](Self::Dropped), and the wait continued.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RejectedRequest {
    /// The request is not HTTP/1, or is ambiguous.
    Malformed,
    /// The request has more than 8 KiB or 50 headers.
    TooLong,
    /// The request took longer than 5 seconds.
    Slow,
    /// The request has another path or another attempt ID.
    NotFound,
    /// The method is not `GET`.
    Method,
    /// The request names another host.
    Host,
    /// The request came from a script, a frame, or a preload.
    NotNavigation,
    /// The request is for the callback, but has neither a valid code nor a valid error.
    Unreadable,
    /// The request is for a callback that was already used.
    Used,
    /// The connection had to make room for another one before the head was complete. It got no response.
    Dropped,
}

/// A response. It consists only of constant text, so that it cannot reflect any part of a request.
#[derive(Clone, Copy)]
pub(super) struct Response {
    status: &'static str,
    title: &'static str,
    text: &'static str,
    role: Role,
}

/// The ARIA role, for screen readers.
#[derive(Clone, Copy)]
enum Role {
    Status,
    Alert,
}

const STYLE: &str = include_str!("page.css");

/// The base64 SHA-256 of [`STYLE`], by which the page's content security policy allows it.
const STYLE_HASH: &str = "LPS6QgPuuSJc3Dquc8oym21GEig2stjudiwms7KNUec=";

impl Response {
    /// Returns the bytes. The response to `HEAD` has no body (RFC 9110, section 9.3.2).
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
                "Go back to the program to see why, and what to do with the key.",
            ),
            Self::Denied => Response::alert(
                "200 OK",
                "You are not signed in",
                "You declined, so no key was created. You can close this page. To sign in after all, start again from \
                 the program.",
            ),
            Self::Failed => Response::alert(
                "502 Bad Gateway",
                "You are not signed in",
                "OpenRouter did not issue a key. Go back to the program to see why, and to start again.",
            ),
            Self::OutcomeUnknown => Response::alert(
                "502 Bad Gateway",
                "Sign-in may not have completed",
                "OpenRouter may have created a key that the program did not receive. Go back to the program to see \
                 how to find that key, and to start again.",
            ),
        }
    }
}

impl RejectedRequest {
    /// Returns the response, unless the connection was closed.
    pub(super) fn response(self) -> Option<Response> {
        Some(match self {
            Self::Malformed => Response::alert(
                "400 Bad Request",
                "This request cannot be read",
                "This is not a browser’s request. If you are signing in, open the address that the program shows.",
            ),
            Self::Unreadable => Response::alert(
                "400 Bad Request",
                "This callback is incomplete",
                "The browser returned without the information that the program needs. The program is still waiting. \
                 Reopen the address that it shows.",
            ),
            Self::NotNavigation => Response::alert(
                "403 Forbidden",
                "Open this in its own tab",
                "Open this address directly in a browser tab. Other pages cannot embed, preload, or request it.",
            ),
            Self::NotFound => Response::alert(
                "404 Not Found",
                "There is nothing here",
                "A program is waiting here for a sign-in, but at another address. If you are signing in, open the \
                 address that the program shows.",
            ),
            Self::Method => Response::alert(
                "405 Method Not Allowed\r\nAllow: GET",
                "This method is not allowed",
                "This address accepts only the GET request of a browser that opens it.",
            ),
            Self::Slow => Response::alert(
                "408 Request Timeout",
                "This request took too long",
                "The request did not arrive in time. Reload the page.",
            ),
            Self::Used => Response::alert(
                "410 Gone",
                "This callback was already used",
                "Each sign-in uses this address once. Go back to the program to see the result.",
            ),
            Self::Host => Response::alert(
                "421 Misdirected Request",
                "This is the wrong address",
                "The program that is waiting here has another host name. Open the address that it shows.",
            ),
            Self::TooLong => Response::alert(
                "431 Request Header Fields Too Large",
                "This request is too long",
                "The browser sent more than the program accepts, perhaps cookies of other programs on this machine. \
                 Open the address in a private window.",
            ),
            Self::Dropped => return None,
        })
    }
}
