//! The TLS front end of two instances: nginx with the configuration that the application's package contains.

use openrouter_oauth_tests::{
    Result,
    poll::poll,
    servers::Nginx,
    tls::{browser_certificate, key_hash},
};

/// The host of the application.
pub(crate) const HOST: &str = "my.test";

/// A host of the same site, which is not the application's.
pub(crate) const SIBLING: &str = "evil.my.test";

/// The configuration that users copy.
const CONFIGURATION: &str = include_str!("../../../../consumers/web/nginx.conf");

/// A running front end.
pub(crate) struct TlsFrontEnd {
    nginx: Nginx,
    /// The hash of the certificate's key.
    key_hash: String,
}

impl TlsFrontEnd {
    /// Starts a front end of instances at these addresses. Returns `None` if the machine has no nginx.
    pub(crate) fn start(instances: [&str; 2]) -> Option<Self> {
        let certificate = browser_certificate(&[HOST, SIBLING]);
        let (public, secret) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
        let files = [("certificate.pem", public.as_str()), ("certificate.key", &secret)];
        let nginx = Nginx::start(|port| configuration(port, instances), &files)?;
        Some(Self { nginx, key_hash: key_hash(&certificate) })
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://{HOST}:{}", self.nginx.port())
    }

    /// Returns the argument with which Chromium trusts its certificate.
    pub(crate) fn trusted(&self) -> String {
        format!("--ignore-certificate-errors-spki-list={}", self.key_hash)
    }

    /// Returns the text of a log.
    pub(crate) fn log(&self, name: &str) -> String {
        self.nginx.read(name)
    }

    /// Waits for this number of responses to requests for a path. Returns the instances that each request was sent to,
    /// in the form `first` or `first, second`.
    pub(crate) async fn wait_for_upstreams(&self, path: &str, count: usize) -> Result<Vec<String>> {
        let path = format!(" {path} ");
        poll(&format!("{count} responses to{path}"), async || {
            let log = self.log("access.log");
            let lines = log.lines().filter_map(|line| line.split_once(&path));
            // The status is before them, and the time after.
            let upstreams =
                lines.filter_map(|(_, rest)| Some(rest.split_once(' ')?.1.rsplit_once(' ')?.0.to_owned()));
            let upstreams: Vec<_> = upstreams.collect();
            Ok((upstreams.len() == count).then_some(upstreams))
        })
        .await
    }

    /// Returns the last lines of the log of errors.
    pub(crate) fn last_lines(&self) -> String {
        let log = self.log("error.log");
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// The logs of the configuration.
pub(crate) const LOGS: [&str; 2] = ["access.log", "error.log"];

/// Logs as nginx writes them by default. They show that a log would have the code without the recipe.
pub(crate) const CONTROLS: [&str; 2] = ["access-by-default.log", "error-by-default.log"];

/// The page of the application with policies that stop its form.
const PAGES: &str = r#"
        location = /form-action-self {
            proxy_pass http://app/;
            proxy_hide_header Content-Security-Policy;
            add_header Content-Security-Policy "form-action 'self'";
        }

        location = /no-referrer {
            proxy_pass http://app/;
            proxy_hide_header Referrer-Policy;
            add_header Referrer-Policy no-referrer;
        }

        location / {"#;

/// The sibling also forwards to the application, without the recipe for logs.
const SIBLING_SERVER: &str = "
    server {
        listen 127.0.0.1:PORT ssl;
        server_name evil.my.test;
        ssl_certificate certificate.pem;
        ssl_certificate_key certificate.key;
        error_log error-by-default.log;
        location / {
            proxy_pass http://app;
        }
    }

    upstream app {";

/// The folders of the server's temporary files, because this user may not be able to write to nginx's default folders.
const FOLDERS: &str = "http {
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
";

/// Returns the configuration with other ports and paths. By default, nginx does not use an instance for up to ten
/// seconds after it was dead. Here, it tries every instance, because the next scene begins sooner.
fn configuration(port: u16, instances: [&str; 2]) -> String {
    let [first, second] = instances.map(|address| format!("server {address} max_fails=0;"));
    let listen = format!("listen 127.0.0.1:{port} ssl;");
    let with_sibling = SIBLING_SERVER.replace("PORT", &port.to_string());
    let without_tls = format!("listen 127.0.0.2:{port};");
    let replaced = [
        ("http {\n", FOLDERS),
        ("server app1:3000;", &first),
        ("server app2:3000;", &second),
        ("listen 443 ssl;", &listen),
        ("listen 80;", &without_tls),
        ("server_name my.app;", "server_name my.test;"),
        ("/etc/nginx/certificate.pem", "certificate.pem"),
        ("/etc/nginx/certificate.key", "certificate.key"),
        (
            "access_log /var/log/nginx/access.log without_query;",
            "access_log access.log without_query; access_log access-by-default.log;",
        ),
        (
            "error_log /var/log/nginx/error.log emerg;",
            "error_log error.log emerg; error_log error-by-default.log;",
        ),
        ("error_log /var/log/nginx/error.log;", "error_log error.log;"),
        ("\n        location / {", PAGES),
        ("\n    upstream app {", &with_sibling),
    ];
    replaced.into_iter().fold(CONFIGURATION.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "nginx.conf must contain {from:?} once");
        text.replace(from, to)
    })
}
