//! A browser with its cookies. TLS ends in front of the application, so the sockets have none.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, StatusCode,
    header::{COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE},
};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub(crate) const APP: &str = "https://my.app";

/// A browser. Clones are its tabs.
#[derive(Clone)]
pub(crate) struct Browser {
    origin: Arc<str>,
    address: SocketAddr,
    jar: Arc<Mutex<Jar>>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Browser {
    /// Creates a browser at [`APP`], with the session of a user.
    pub(crate) fn new(address: SocketAddr, user: &str) -> Self {
        let browser = Self { origin: APP.into(), address, jar: Arc::default() };
        browser.switch_user(user);
        browser
    }

    /// Creates a browser at an origin of the loopback interface, which has its port.
    pub(crate) fn at_origin(origin: &str) -> Self {
        let address = origin.strip_prefix("http://").unwrap().parse().unwrap();
        Self { origin: origin.into(), address, jar: Arc::default() }
    }

    pub(crate) fn set_cookie(&self, header: &str) {
        self.jar().set(header);
    }

    /// Returns a tab that reaches the application at another address.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Returns another browser with the same cookies.
    pub(crate) fn copy(&self) -> Self {
        let jar = Jar { cookies: self.jar().cookies.clone() };
        Self { jar: Arc::new(Mutex::new(jar)), ..self.clone() }
    }

    /// The user logs out of the application, and another one logs in.
    pub(crate) fn switch_user(&self, user: &str) {
        self.set_cookie(&format!("__Host-session={user}; Path=/; Secure; HttpOnly"));
    }

    pub(crate) fn log_out(&self) {
        self.set_cookie("__Host-session=; Path=/; Secure; HttpOnly; Max-Age=0");
    }

    /// Removes all cookies of attempts.
    pub(crate) fn forget_attempts(&self) {
        self.jar().cookies.retain(|cookie| cookie.name == "__Host-session");
    }

    pub(crate) fn attempts(&self) -> usize {
        self.jar().cookies.iter().filter(|cookie| cookie.name.starts_with("__Host-openrouter-")).count()
    }

    /// Returns the `Cookie` header for a path.
    pub(crate) fn cookies(&self, path: &str) -> String {
        self.jar().header(path)
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, Jar> {
        self.jar.lock().unwrap()
    }

    /// Sends one request and keeps the cookies of the response.
    pub(crate) async fn send(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Page {
        let path = url.strip_prefix(&*self.origin).unwrap_or(url);
        let host = self.origin.split_once("://").unwrap().1;
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies = self.cookies(path);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        let page = send(self.address, request.body(Full::default()).unwrap()).await;
        for cookie in page.headers.get_all(SET_COOKIE) {
            self.jar().set(cookie.to_str().unwrap());
        }
        page
    }

    pub(crate) async fn get(&self, url: &str) -> Page {
        self.send(Method::GET, url, &[]).await
    }

    /// Presses the button that begins a sign-in. Returns the URL at OpenRouter.
    pub(crate) async fn begin(&self) -> String {
        let page = self.begin_without_check().await;
        assert_eq!(page.status, 303, "{page:?}");
        page.location().to_owned()
    }

    pub(crate) async fn begin_without_check(&self) -> Page {
        let origin = [(ORIGIN.as_str(), &*self.origin)];
        self.send(Method::POST, "/openrouter?return_to=/settings", &origin).await
    }

    /// Opens a page, and follows redirects within the application.
    pub(crate) async fn open(&self, url: &str) -> Page {
        let mut page = self.get(url).await;
        for _ in 0..5 {
            if !page.status.is_redirection() {
                return page;
            }
            let next = page.location().to_owned();
            assert!(next.starts_with(&format!("{}/", self.origin)), "{next}");
            page = self.get(&next).await;
        }
        panic!("too many redirects: {page:?}");
    }
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert_hardened(&self, referrer_policy: &str) {
        assert_eq!(self.header("cache-control"), "private, no-store", "{self:?}");
        assert_eq!(self.header("referrer-policy"), referrer_policy, "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
    }
}

/// Sends a request over a connection of its own.
pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Page {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    connection.abort();
    Page { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// The cookies of one site over https, by the rules of RFC 6265bis.
#[derive(Default)]
struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    expiry: Option<Instant>,
}

impl Jar {
    /// Keeps a cookie, or panics if a browser would reject it.
    fn set(&mut self, header: &str) {
        let mut fields = header.split(';').map(str::trim);
        let (name, value) = fields.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<(String, &str)> = fields
            .map(|field| field.split_once('=').unwrap_or((field, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let find = |name: &str| attributes.iter().find(|(found, _)| found == name).map(|(_, value)| *value);
        assert!(name.len() + value.len() <= 4096, "{header}");
        let path = find("path").unwrap_or("/");
        if name.starts_with("__Host-") {
            assert!(find("secure").is_some() && path == "/" && find("domain").is_none(), "{header}");
        }
        assert!(find("httponly").is_some(), "{header}");
        let max_age = find("max-age").map(|seconds| seconds.parse().unwrap());
        self.cookies.retain(|cookie| (&*cookie.name, &*cookie.path) != (name, path));
        if max_age == Some(0) {
            return;
        }
        let expiry = max_age.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        self.cookies.push(Cookie { name: name.into(), value: value.into(), path: path.into(), expiry });
    }

    fn header(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let is_sent = |cookie: &&Cookie| {
            let rest = path.strip_prefix(&cookie.path);
            let matches = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            (matches || cookie.path == "/") && cookie.expiry.is_none_or(|expiry| expiry > Instant::now())
        };
        let cookies = self.cookies.iter().filter(is_sent);
        let pairs: Vec<_> = cookies.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        pairs.join("; ")
    }
}

#[test]
fn jar_follows_the_rules_of_browsers() {
    let mut jar = Jar::default();
    jar.set("a=1; Path=/; HttpOnly");
    jar.set("b=2; Path=/x; HttpOnly; Max-Age=60");
    jar.set("a=3; Path=/; HttpOnly");
    assert_eq!(jar.header("/x/y?z"), "b=2; a=3");
    assert_eq!(jar.header("/xy"), "a=3");
    jar.set("a=; Path=/; HttpOnly; Max-Age=0");
    assert_eq!(jar.header("/"), "");
}
