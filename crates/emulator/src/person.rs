//! The user of a test: reads a page, fills in its form, presses a button.

mod html;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, LOCATION},
};
use openrouter_oauth_transport::{Error, Limits, Transport};

use self::html::Form;

/// Plays the person who signs in, by following the page's own form over any transport.
///
/// See the [crate's examples](crate). Clones share the transport.
#[derive(Clone, Debug)]
pub struct Person {
    transport: Arc<dyn Transport>,
}

/// A page that a [`Person`] looks at.
pub struct Page {
    transport: Arc<dyn Transport>,
    url: Uri,
    html: String,
}

/// Where a button led. `Debug` shows neither code nor URL.
#[non_exhaustive]
#[derive(Clone, Eq, PartialEq)]
pub enum Outcome {
    /// The browser is sent to this URL: the callback, with a `code` or an `error`. Nobody has followed it yet.
    Redirected(String),
    /// The page shows this code to copy.
    Code(String),
    /// The page says something, and the application hears nothing.
    Nothing,
}

/// Why a [`Person`] could not go on.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The URL of the page or of its form is not one.
    #[error("the address of the page is not a URL")]
    Url,
    /// The page did not come.
    #[error("the page did not come")]
    Transport(#[source] Error),
    /// The server refused, in the page's words.
    #[error("the page says {status}: {text}")]
    Refused {
        /// The status of the page.
        status: StatusCode,
        /// Its text.
        text: String,
    },
    /// The page has no such button.
    #[error("the page has no button {0:?}")]
    NoButton(&'static str),
}

impl Person {
    /// A person who reaches pages through `transport`.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport) }
    }

    /// Opens the page at an absolute `url`.
    ///
    /// # Errors
    ///
    /// If `url` is not one, the page does not come, or its status is not 200.
    pub async fn open(&self, url: &str) -> Result<Page, PersonError> {
        let url: Uri = url.parse().map_err(|_| PersonError::Url)?;
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.clone();
        let response = send(&*self.transport, request).await?;
        let html = text_of(&response);
        if response.status() != StatusCode::OK {
            return Err(PersonError::Refused { status: response.status(), text: html::text(&html) });
        }
        Ok(Page { transport: Arc::clone(&self.transport), url, html })
    }
}

impl Page {
    /// What a reader sees, without tags, each run of spaces as one.
    pub fn text(&self) -> String {
        html::text(&self.html)
    }

    /// Presses Authorize, with this credit limit in US dollars, or with the one the page suggests.
    ///
    /// # Errors
    ///
    /// If there is no such button, or the answer does not come or is a refusal.
    pub async fn approve(&self, limit: Option<f64>) -> Result<Outcome, PersonError> {
        self.press("approve", limit).await
    }

    /// Presses Deny.
    ///
    /// # Errors
    ///
    /// As for [`approve`](Self::approve).
    pub async fn deny(&self) -> Result<Outcome, PersonError> {
        self.press("deny", None).await
    }

    async fn press(&self, button: &'static str, limit: Option<f64>) -> Result<Outcome, PersonError> {
        let form = Form::with_button(&self.html, button).ok_or(PersonError::NoButton(button))?;
        let response = send(&*self.transport, self.submit(&form, limit)?).await?;
        outcome(&response)
    }

    /// The request that a browser makes of the form.
    fn submit(&self, form: &Form, limit: Option<f64>) -> Result<Request<Bytes>, PersonError> {
        let limit = limit.map(|limit| limit.to_string());
        let fields = form.fields.iter().map(|(name, value)| {
            let filled = limit.as_deref().filter(|_| name == "limit");
            (name.as_str(), filled.unwrap_or(value))
        });
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let action = self.resolve(&form.action)?;
        let request = if form.is_post {
            Request::post(action)
                .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
                .body(body.into())
        } else {
            let path = action.split('?').next().unwrap_or_default();
            Request::get(format!("{path}?{body}")).body(Bytes::new())
        };
        request.map_err(|_| PersonError::Url)
    }

    /// The form's action as an absolute URL: a form of ours names a path, others may name a URL or nothing.
    fn resolve(&self, action: &str) -> Result<String, PersonError> {
        if action.is_empty() {
            return Ok(self.url.to_string());
        }
        let place = action.split(['?', '#']).next().unwrap_or_default();
        if !place.starts_with('/') && place.contains("://") {
            return Ok(action.to_owned());
        }
        let scheme = self.url.scheme_str().ok_or(PersonError::Url)?;
        let authority = self.url.authority().ok_or(PersonError::Url)?;
        let folder = self.url.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = if action.starts_with('/') { String::new() } else { format!("{folder}/") };
        Ok(format!("{scheme}://{authority}{folder}{action}"))
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirected(_) => f.debug_tuple("Redirected").finish_non_exhaustive(),
            Self::Code(_) => f.debug_tuple("Code").finish_non_exhaustive(),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

async fn send(transport: &dyn Transport, request: Request<Bytes>) -> Result<Response<Bytes>, PersonError> {
    transport.send(request, Limits::default()).await.map_err(PersonError::Transport)
}

fn outcome(response: &Response<Bytes>) -> Result<Outcome, PersonError> {
    let status = response.status();
    let html = text_of(response);
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    match (status, location) {
        (StatusCode::OK, _) => Ok(html::code(&html).map_or(Outcome::Nothing, Outcome::Code)),
        (_, Some(location)) if status.is_redirection() => Ok(Outcome::Redirected(location.to_owned())),
        _ => Err(PersonError::Refused { status, text: html::text(&html) }),
    }
}

fn text_of(response: &Response<Bytes>) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}
