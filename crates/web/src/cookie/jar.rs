//! Seals, opens, and names the cookies of an application.

use std::{sync::Arc, time::Duration};

use base64ct::{Base64UrlUnpadded, Encoding};
use http::{HeaderMap, HeaderValue};
use openrouter_oauth::{Entropy, Origin, transport::BoxError};
use sha2::{Digest, Sha256};

use super::{
    attempt::AttemptId,
    content::{Ended, FIXED, Pending},
    header,
};
use crate::{
    keys::CookieKeys,
    return_to,
    seal::{self, Context, OVERHEAD},
};

/// The largest cookie, `name=value`, in bytes.
const MAX_COOKIE: usize = 768;

const PREFIX: &str = "openrouter-";
/// A browser accepts this prefix only from the host itself over https, with `Secure` and `Path=/`. So no other
/// subdomain can set such a cookie.
const HOST_PREFIX: &str = "__Host-openrouter-";

/// The length of the text that tells the cookies of this application from those of another on the same host.
const APPLICATION: usize = 6;

/// How many bytes of `return_to` and data fit into a cookie together.
pub(crate) const MAX_CARRIED: usize =
    (MAX_COOKIE - HOST_PREFIX.len() - APPLICATION - "-".len() - 22 - "=".len()) * 3 / 4 - OVERHEAD - FIXED;

// A `return_to` that is accepted fits.
const _: () = assert!(return_to::MAX_BYTES == MAX_CARRIED, "`return_to::MAX_BYTES` is another number");

/// How many of our cookies one request may carry. An application leaves five in a browser, so more are not ours.
const MAX_READ: usize = 64;

/// How long a cookie outlives its attempt, so that a late user learns that the sign-in took too long.
const GRACE: Duration = Duration::from_secs(60 * 60);

pub(crate) struct Jar {
    /// The beginning of the names of its cookies.
    prefix: Box<str>,
    pub(crate) keys: CookieKeys,
    pub(crate) origin: Origin,
    pub(crate) mount: Box<str>,
    /// The origin of the service that grants the keys.
    pub(crate) service: Origin,
    pub(crate) lifetime: Duration,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// The cookie of an attempt in a request.
pub(crate) struct Carried<'a> {
    pub(crate) attempt: AttemptId<'a>,
    /// `None` if two cookies have its name.
    pub(crate) value: Option<&'a [u8]>,
}

/// The content of a cookie.
pub(crate) enum Stored {
    Pending(Pending),
    Ended(Ended),
}

/// What a cookie is for. A cookie for one purpose does not open for another.
#[derive(Clone, Copy)]
enum Purpose {
    Pending,
    Ended,
}

impl Jar {
    pub(crate) fn new(
        keys: CookieKeys,
        origin: Origin,
        mount: Box<str>,
        service: Origin,
        lifetime: Duration,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let prefix = prefix(&origin, &mount).into();
        Self { prefix, keys, origin, mount, service, lifetime, entropy }
    }

    /// Returns the value of the cookie of an attempt. `None` if it is missing, or if two cookies have its name: a sibling
    /// domain may have planted one, and the order does not show which.
    pub(crate) fn find<'a>(&self, headers: &'a HeaderMap, attempt: AttemptId<'_>) -> Option<&'a [u8]> {
        let name = self.name(attempt);
        let mut values = header::cookies(headers).filter(|(found, _)| *found == name.as_bytes());
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Returns the first cookies of attempts, one for each attempt. Reads the header once, because it may be long.
    pub(crate) fn carried<'a>(&self, headers: &'a HeaderMap) -> Vec<Carried<'a>> {
        let ours = header::cookies(headers).filter_map(|(name, value)| {
            let id = name.strip_prefix(self.prefix.as_bytes())?;
            Some((AttemptId::parse(std::str::from_utf8(id).ok()?)?, value))
        });
        let mut carried: Vec<Carried<'a>> = Vec::new();
        for (attempt, value) in ours.take(MAX_READ) {
            match carried.iter_mut().find(|known| known.attempt == attempt) {
                Some(known) => known.value = None,
                None => carried.push(Carried { attempt, value: Some(value) }),
            }
        }
        carried
    }

    pub(crate) fn open(&self, attempt: AttemptId<'_>, value: &[u8]) -> Option<Stored> {
        let open = |purpose| seal::open(self.keys.ring(), &self.context(purpose, attempt), value);
        if let Some(plain) = open(Purpose::Pending) {
            return Pending::read(&plain, attempt.as_str(), &self.mount).map(Stored::Pending);
        }
        Ended::read(&open(Purpose::Ended)?, &self.mount).map(Stored::Ended)
    }

    pub(crate) fn seal_pending(&self, pending: &Pending) -> Result<HeaderValue, BoxError> {
        let attempt =
            AttemptId::parse(&pending.parts.attempt_id).ok_or("the ID of the attempt is malformed")?;
        let plain = pending.write().ok_or("the sign-in has fields of another length")?;
        self.seal(Purpose::Pending, attempt, &plain)
    }

    pub(crate) fn seal_ended(&self, attempt: AttemptId<'_>, ended: &Ended) -> Result<HeaderValue, BoxError> {
        self.seal(Purpose::Ended, attempt, &ended.write())
    }

    /// Returns the `Set-Cookie` that removes the cookie of an attempt.
    pub(crate) fn expire(&self, attempt: AttemptId<'_>) -> Result<HeaderValue, BoxError> {
        self.set_cookie(attempt, "", Duration::ZERO)
    }

    fn seal(&self, purpose: Purpose, attempt: AttemptId<'_>, plain: &[u8]) -> Result<HeaderValue, BoxError> {
        let context = self.context(purpose, attempt);
        let value = seal::seal(self.keys.ring(), &context, plain, &*self.entropy)?;
        self.set_cookie(attempt, &value, self.lifetime.saturating_add(GRACE))
    }

    fn set_cookie(
        &self,
        attempt: AttemptId<'_>,
        value: &str,
        max_age: Duration,
    ) -> Result<HeaderValue, BoxError> {
        let secure = if self.origin.is_https() { " Secure;" } else { "" };
        let (name, max_age) = (self.name(attempt), max_age.as_secs());
        let text = format!("{name}={value}; Path=/;{secure} HttpOnly; SameSite=Lax; Max-Age={max_age}");
        let mut header = HeaderValue::try_from(text)?;
        // Keeps it out of logs that respect the flag.
        header.set_sensitive(true);
        Ok(header)
    }

    fn name(&self, attempt: AttemptId<'_>) -> String {
        [&self.prefix, attempt.as_str()].concat()
    }

    fn context(&self, purpose: Purpose, attempt: AttemptId<'_>) -> Context {
        let purpose = match purpose {
            Purpose::Pending => "pending sign-in",
            Purpose::Ended => "outcome",
        };
        let [origin, service] = [&self.origin, &self.service].map(Origin::as_str);
        Context::new(&["1", purpose, origin, &self.mount, service, attempt.as_str()])
    }
}

/// Returns the beginning of the names of an application's cookies. Two applications on one host, or one with two mounts,
/// have different names, so that neither removes or counts the cookies of the other.
fn prefix(origin: &Origin, mount: &str) -> String {
    let prefix = if origin.is_https() { HOST_PREFIX } else { PREFIX };
    let mut application =
        Base64UrlUnpadded::encode_string(&Sha256::digest([origin.as_str(), mount].concat()));
    application.truncate(APPLICATION);
    [prefix, &application, "-"].concat()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::header::COOKIE;
    use openrouter_oauth::OsEntropy;

    use super::*;
    use crate::{outcome::FinalOutcome, return_to::ReturnTo};

    fn jar(origin: &str, mount: &str) -> Jar {
        let [origin, service] =
            [origin, "https://openrouter.ai"].map(|origin| Origin::parse(origin).unwrap());
        let (keys, entropy) = (CookieKeys::new([3; 32]), Arc::new(OsEntropy::default()));
        Jar::new(keys, origin, mount.into(), service, GRACE, entropy)
    }

    fn headers(cookies: impl IntoIterator<Item = String>) -> HeaderMap {
        let cookies: Vec<_> = cookies.into_iter().collect();
        HeaderMap::from_iter([(COOKIE, cookies.join(";").parse().unwrap())])
    }

    #[test]
    fn at_most_64_cookies_are_read() {
        let jar = jar("https://my.app", "/openrouter");
        let cookie = |number: usize| format!("{}{number:022}=v", jar.prefix);
        let others = (0..9500).map(|number| format!("other-{number}=v"));
        let headers = headers(others.chain((0..9500).map(cookie)));
        let carried = jar.carried(&headers);
        assert_eq!(carried.len(), MAX_READ);
        assert!(carried.iter().all(|cookie| cookie.value == Some(b"v")));
    }

    #[test]
    fn repeated_cookies_count_once_and_have_no_value() {
        let jar = jar("https://my.app", "/openrouter");
        let cookie = |number: usize| format!("{}{:022}=v", jar.prefix, number % 3);
        let headers = headers((0..9500).map(cookie));
        let carried = jar.carried(&headers);
        assert_eq!(carried.len(), 3);
        assert!(carried.iter().all(|cookie| cookie.value.is_none()));
    }

    #[test]
    fn cookie_of_another_purpose_does_not_open() {
        let (jar, id) = (jar("https://my.app", "/openrouter"), "a".repeat(22));
        let attempt = AttemptId::parse(&id).unwrap();
        let return_to = ReturnTo::root();
        let ended = Ended { outcome: FinalOutcome::Denied, at: UNIX_EPOCH, return_to }.write();
        // Zeros up to the length of the page to return to.
        let pending = [&[0; FIXED - 1][..], &[1], b"/"].concat();
        let sealed = |purpose, plain: &[u8]| {
            let cookie = jar.seal(purpose, attempt, plain).unwrap();
            let (_, value) = cookie.to_str().unwrap().split_once('=').unwrap();
            value.split_once(';').unwrap().0.to_owned()
        };
        let open = |value: String| jar.open(attempt, value.as_bytes());
        assert!(matches!(open(sealed(Purpose::Pending, &pending)), Some(Stored::Pending(_))));
        assert!(matches!(open(sealed(Purpose::Ended, &ended)), Some(Stored::Ended(_))));
        assert!(open(sealed(Purpose::Ended, &pending)).is_none());
        assert!(open(sealed(Purpose::Pending, &ended)).is_none());
        for (purpose, other) in [(Purpose::Pending, Purpose::Ended), (Purpose::Ended, Purpose::Pending)] {
            let (value, context) = (sealed(purpose, b"x"), jar.context(other, attempt));
            assert!(seal::open(jar.keys.ring(), &context, value.as_bytes()).is_none());
        }
    }

    #[test]
    fn names_differ_between_applications() {
        let first = jar("https://my.app", "/openrouter");
        assert_eq!(first.prefix.len(), HOST_PREFIX.len() + APPLICATION + 1);
        let value = HeaderValue::try_from(format!("{}{}=v", first.prefix, "a".repeat(22))).unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, value)]);
        assert_eq!(first.carried(&headers).len(), 1);
        for (origin, mount) in [("https://my.app", "/other"), ("https://my.app:8443", "/openrouter")] {
            assert_eq!(jar(origin, mount).carried(&headers).len(), 0, "{origin}{mount}");
        }
    }
}
