//! The request of a call, as headers and bytes that are checked before anything is sent.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use openrouter_oauth_models::{Auth, Encoding, Endpoint, InvalidValue};
use openrouter_oauth_transport::WipedBuffer;
use zeroize::Zeroizing;

use super::options::{Options, RESERVED};
use crate::{base_url::BaseUrl, config::Config, error::Error};

/// The request that every attempt of a call sends.
pub(crate) struct CallRequest<'a> {
    method: Method,
    pub(crate) base: &'a BaseUrl,
    path: &'static str,
    config: &'a Config,
    call_headers: &'a HeaderMap,
    authorization: Option<HeaderValue>,
    content_type: Option<&'static str>,
    body: Bytes,
}

impl<'a> CallRequest<'a> {
    pub(crate) async fn new<E: Endpoint>(
        config: &'a Config,
        request: &E,
        options: &'a Options,
        base: &'a BaseUrl,
    ) -> Result<Self, Error> {
        if let Some(invalid) = options.invalid {
            return Err(invalid.into());
        }
        let authorization = match E::AUTH {
            Auth::Bearer if config.base_url.origin() != base.origin() => return Err(Error::MissingKey),
            Auth::Bearer => Some(config.credential.authorization().await?),
            Auth::None => None,
        };
        let (content_type, body) = match E::ENCODING {
            Encoding::Json => (Some("application/json"), json(request)?),
            Encoding::Form => (Some("application/x-www-form-urlencoded"), form(request)?),
            Encoding::Empty => (None, Bytes::new()),
        };
        Ok(Self {
            method: E::METHOD,
            base,
            path: E::PATH,
            config,
            call_headers: &options.headers,
            authorization,
            content_type,
            body,
        })
    }

    /// Returns the headers that hooks see: the client's and the call's.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = self.config.headers.clone();
        for (name, value) in self.call_headers {
            headers.insert(name, value.clone());
        }
        headers
    }

    /// Returns the request of one attempt, with these headers and the SDK's own.
    pub(crate) fn http_request(&self, headers: HeaderMap) -> Result<Request<Bytes>, InvalidValue> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.base.endpoint(self.path)?;
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        if !self.config.hooks.is_empty() {
            self.restore_reserved(headers);
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Ok(request)
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

/// Large enough for every body that the SDK sends, so that a growing buffer leaves no copies of a secret behind. A
/// subject token of 16 KiB may triple in size when encoded.
const JSON_BYTES: usize = 512;
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
