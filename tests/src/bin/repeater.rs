//! A server that repeats every secret it receives. It runs in another process, so that its own copies are not in the
//! memory of the test.
//!
//! It listens on two loopback ports, prints them (`http`, `https`) and its certificate in hexadecimal on one line, and
//! ends with its standard input. The path begins with the kind of response: `/rejected/api/v1/auth/keys`.
#![expect(clippy::print_stdout, reason = "the parent process reads the ports")]

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Read as _},
    thread,
    time::Duration,
};

use openrouter_oauth_tests::tls;
use openrouter_oauth_transport_contract::{
    ReceivedRequest, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};
use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let certificate = tls::certificate("localhost", (2020, 2100));
    let (plain, secure) = (serve(&Scheme::http())?, serve(&tls::site(&certificate))?);
    let mut hex = String::new();
    for byte in certificate.cert.der().iter() {
        write!(hex, "{byte:02x}")?;
    }
    println!("{} {} {hex}", plain.address().port(), secure.address().port());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn serve(site: &Scheme) -> io::Result<ScriptedServer> {
    ScriptedServer::start(site, RunScript::AfterRequest, |peer, number| respond(peer, &peer.received(number)))
}

/// Responds to a request, and closes the connection.
fn respond(peer: &mut ScriptedConnection, request: &ReceivedRequest) -> io::Result<()> {
    let repeated = RepeatedSecrets::read(request).ok_or(io::ErrorKind::InvalidData)?;
    let response = match request.target().split('/').nth(1).unwrap_or_default() {
        "granted" => response_text(200, "", &repeated.success_body()),
        "odd" => response_text(200, "", &repeated.odd_body()),
        "in-pieces" => return repeated.trickle(peer),
        "wrapped" => response_text(200, "", &format!("<p>{}</p>", repeated.success_body())),
        "rejected" => response_text(403, "", &repeated.error_body()),
        "server-error" => response_text(500, "", &repeated.error_body()),
        "text" => response_text(502, "", &repeated.message()),
        "redirected" => response_text(
            302,
            &format!("location: https://my.app/callback?code={0}&key={0}\r\n", repeated.returned),
            "{}",
        ),
        "cut" => {
            let body = repeated.success_body();
            format!("HTTP/1.1 200 Status\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 1)
        }
        "too-large" => {
            // Without a length, so that it is read up to the limit.
            format!("HTTP/1.1 200 Status\r\n\r\n{}{}", repeated.success_body(), " ".repeat(1 << 20))
        }
        "garbage" => format!("{}\r\n\r\n", repeated.message()),
        "reset" => {
            set_socket_linger(peer.tcp(), Some(Duration::ZERO))?;
            return close_connection();
        }
        // Every other path gets no response.
        _ => return peer.wait_for_close(),
    };
    peer.send(response.as_bytes())?;
    close_connection()
}

fn response_text(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// The secrets of a request, to repeat in the response.
struct RepeatedSecrets {
    /// The secrets of the request.
    sent: Vec<String>,
    /// The secret of a successful response: the first secret of the request, reversed.
    returned: String,
}

impl RepeatedSecrets {
    fn read(request: &ReceivedRequest) -> Option<Self> {
        let json: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let body = String::from_utf8_lossy(&request.body);
        let of_json = ["code", "code_verifier"].into_iter().filter_map(|name| json.get(name)?.as_str());
        let of_form = body.split('&').filter_map(|pair| pair.strip_prefix("subject_token="));
        let of_head = request
            .values("authorization")
            .into_iter()
            .filter_map(|value| std::str::from_utf8(value).ok()?.strip_prefix("Bearer "));
        let sent: Vec<String> = of_head.chain(of_json).chain(of_form).map(str::to_owned).collect();
        let reversed: String = sent.first()?.chars().rev().collect();
        Some(Self { sent, returned: format!("sk-or-v1-{reversed}") })
    }

    /// Returns a body that every operation accepts as a success.
    fn success_body(&self) -> String {
        let returned = &self.returned;
        let key =
            format!(r#""key":"{returned}","user_id":null,"data":{{"id":"{returned}","label":"a key"}}"#);
        let types =
            r#""issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer""#;
        format!(r#"{{{key},"access_token":"{returned}",{types}}}"#)
    }

    /// Returns a success with fields that cannot be read.
    fn odd_body(&self) -> String {
        let odd = r#""user_id":[7],"issued_token_type":7,"token_type":7,"scope":7"#;
        let in_data = r#""app_id":[7],"rate_limit":"none","created_at":7"#;
        let body = self.success_body().replace(r#""user_id":null"#, odd);
        body.replace(r#""label":"a key""#, &format!(r#""label":"a key",{in_data}"#))
    }

    /// Returns an error whose message JSON must escape.
    fn error_body(&self) -> String {
        let message = Value::String(self.message());
        format!(r#"{{"error":{{"code":403,"message":{message},"metadata":{{"said":[{message}]}}}}}}"#)
    }

    fn message(&self) -> String {
        format!("Invalid code: \"{}\", and not \"{}\"", self.sent.join("\" \""), self.returned)
    }

    /// Sends a successful response a few bytes at a time.
    fn trickle(&self, peer: &mut ScriptedConnection) -> io::Result<()> {
        peer.send(b"HTTP/1.1 200 Status\r\ntransfer-encoding: chunked\r\n\r\n")?;
        for piece in self.success_body().as_bytes().chunks(60) {
            peer.send(format!("{:x}\r\n", piece.len()).as_bytes())?;
            peer.send(piece)?;
            peer.send(b"\r\n")?;
            thread::sleep(Duration::from_millis(2));
        }
        peer.send(b"0\r\n\r\n")?;
        close_connection()
    }
}
