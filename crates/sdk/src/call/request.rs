//! The request of a call, as headers and bytes that are checked before anything is sent.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use openrouter_oauth_models::{Encoding, Endpoint, InvalidValue};
use openrouter_oauth_transport::WipedBuffer;
use zeroize::Zeroizing;

use super::options::{Options, RESERVED};
use crate::{base_url::BaseUrl, config::Config, error::Error};

/// The request that every attempt of a call sends.
pub(crate) struct CallRequest<'a> {
    method: Method,
    pub(crate) base: &'a BaseUrl,
    url: Cow<'a, Uri>,
    pub(crate) config: &'a Config,
    call_headers: &'a HeaderMap,
    authorization: Option<HeaderValue>,
    content_type: Option<&'static HeaderValue>,
    body: Bytes,
}

impl<'a> CallRequest<'a> {
    pub(crate) fn new<E: Endpoint>(
        config: &'a Config,
        request: &E,
        options: &'a Options,
        base: &'a BaseUrl,
        authorization: Option<HeaderValue>,
    ) -> Result<Self, Error> {
        let (content_type, body) = match E::ENCODING {
            Encoding::Json => (Some(&JSON), json(request)?),
            Encoding::Form => (Some(&FORM), form(request)?),
            Encoding::Empty => (None, Bytes::new()),
        };
        Ok(Self {
            method: E::METHOD,
            base,
            url: base.endpoint(E::PATH)?,
            config,
            call_headers: &options.headers,
            authorization,
            content_type,
            body,
        })
    }

    /// Returns the headers that hooks see: the client's and the call's. The map has room for those that are added later.
    pub(crate) fn headers(&self) -> HeaderMap {
        let shared = &self.config.headers;
        let own = usize::from(self.authorization.is_some()) + usize::from(self.content_type.is_some());
        // A clone would have no room, so the next header would move all of them.
        let mut headers =
            HeaderMap::with_capacity(shared.len() + self.call_headers.len() + own + HEADERS_OF_TRANSPORT);
        for (name, value) in shared.iter().chain(self.call_headers) {
            headers.insert(name, value.clone());
        }
        headers
    }

    /// Returns the request of one attempt, with these headers and the SDK's own.
    pub(crate) fn http_request(&self, headers: HeaderMap) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::clone(&self.url);
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        // Most hooks change nothing, and comparing costs less than restoring.
        if !self.config.hooks.is_empty() && *headers != self.config.headers {
            self.restore_reserved(headers);
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        request
    }

    /// Undoes changes by hooks to reserved headers.
    fn restore_reserved(&self, headers: &mut HeaderMap) {
        for name in &RESERVED {
            match self.config.headers.get(name) {
                Some(value) => headers.insert(name, value.clone()),
                None => headers.remove(name),
            };
        }
    }

    /// Returns the key or token that the request carries.
    pub(crate) fn key(&self) -> Option<&str> {
        self.authorization.as_ref()?.to_str().ok()?.strip_prefix("Bearer ")
    }
}

static JSON: HeaderValue = HeaderValue::from_static("application/json");
static FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// `Host` and `Content-Length`.
const HEADERS_OF_TRANSPORT: usize = 2;

/// Large enough for most bodies in JSON. A larger body makes the buffer grow, which wipes the old memory.
const JSON_BYTES: usize = 256;

/// Large enough for every form, because a growing `String` would leave copies of a secret behind. A subject token of
/// 16 KiB may triple in size when encoded.
const FORM_BYTES: usize = 56 * 1024;

fn json<E: Endpoint>(request: &E) -> Result<Bytes, Error> {
    let mut body = WipedBuffer::with_capacity(JSON_BYTES);
    serde_json::to_writer(&mut body, request).map_err(|_| unwritable())?;
    Ok(body.into())
}

fn form<E: Endpoint>(request: &E) -> Result<Bytes, Error> {
    let mut form = Zeroizing::new(String::with_capacity(FORM_BYTES));
    serde_html_form::push_to_string(&mut form, request).map_err(|_| unwritable())?;
    let mut body = WipedBuffer::with_capacity(form.len());
    body.extend_from_slice(form.as_bytes());
    Ok(body.into())
}

fn unwritable() -> Error {
    InvalidValue::new("request", "cannot be encoded for this endpoint").into()
}
