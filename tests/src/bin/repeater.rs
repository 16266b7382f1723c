//! A server that repeats whatever secret it is sent, in a process of its own, so that what it keeps of them is not found in
//! the memory of the test.
//!
//! It listens on two loopback ports, prints them (`http`, `https`) and its certificate in hexadecimal on one line, and ends
//! with its standard input. How it answers stands at the beginning of the path: `/refused/api/v1/auth/keys`.
#![expect(clippy::print_stdout, reason = "that is how it tells its ports")]

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
    ScriptedServer::start(site, RunScript::AfterRequest, |peer, number| answer(peer, &peer.received(number)))
}

/// Answers a request, and closes the connection.
fn answer(peer: &mut ScriptedConnection, request: &ReceivedRequest) -> io::Result<()> {
    let repeated = Repeated::of(request).ok_or(io::ErrorKind::InvalidData)?;
    let answer = match request.target().split('/').nth(1).unwrap_or_default() {
        "granted" => whole(200, "", &repeated.granted()),
        "in-pieces" => return repeated.trickle(peer),
        "refused" => whole(403, "", &repeated.refused()),
        "unknown" => whole(500, "", &repeated.refused()),
        "text" => whole(502, "", &repeated.said()),
        "redirected" => whole(
            302,
            &format!("location: https://my.app/callback?code={0}&key={0}\r\n", repeated.made),
            "{}",
        ),
        "cut" => {
            let granted = repeated.granted();
            format!("HTTP/1.1 200 Status\r\ncontent-length: {}\r\n\r\n{granted}", granted.len() + 1)
        }
        "too-large" => {
            // Without a length, so that it is read up to the limit.
            format!("HTTP/1.1 200 Status\r\n\r\n{}{}", repeated.granted(), " ".repeat(1 << 20))
        }
        "garbage" => format!("{}\r\n\r\n", repeated.said()),
        "reset" => {
            set_socket_linger(peer.tcp(), Some(Duration::ZERO))?;
            return close_connection();
        }
        // And to everything else nothing is said.
        _ => return peer.wait_for_close(),
    };
    peer.send(answer.as_bytes())?;
    close_connection()
}

fn whole(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// What is said back.
struct Repeated {
    /// The secrets of the request.
    sent: Vec<String>,
    /// The secret of an answer: the first of the request, the last character first.
    made: String,
}

impl Repeated {
    fn of(request: &ReceivedRequest) -> Option<Self> {
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
        Some(Self { sent, made: format!("sk-or-v1-{reversed}") })
    }

    /// As every success of an operation.
    fn granted(&self) -> String {
        let made = &self.made;
        let key = format!(r#""key":"{made}","user_id":null,"data":{{"id":"{made}","label":"a key"}}"#);
        let types =
            r#""issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer""#;
        format!(r#"{{{key},"access_token":"{made}",{types}}}"#)
    }

    /// As an error's message, in words that JSON has to escape.
    fn refused(&self) -> String {
        let message = Value::String(self.said());
        format!(r#"{{"error":{{"code":403,"message":{message},"metadata":{{"said":[{message}]}}}}}}"#)
    }

    fn said(&self) -> String {
        format!("Invalid code: \"{}\", and not \"{}\"", self.sent.join("\" \""), self.made)
    }

    /// Answers a few bytes at a time.
    fn trickle(&self, peer: &mut ScriptedConnection) -> io::Result<()> {
        peer.send(b"HTTP/1.1 200 Status\r\ntransfer-encoding: chunked\r\n\r\n")?;
        for piece in self.granted().as_bytes().chunks(60) {
            peer.send(format!("{:x}\r\n", piece.len()).as_bytes())?;
            peer.send(piece)?;
            peer.send(b"\r\n")?;
            thread::sleep(Duration::from_millis(2));
        }
        peer.send(b"0\r\n\r\n")?;
        close_connection()
    }
}
