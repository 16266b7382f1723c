//! A server that repeats whatever secret it is sent, in a process of its own, so that what it keeps of them is not found in
//! the memory of the test.
//!
//! It listens on two loopback ports, prints them (`http`, `https`) and its certificate in hexadecimal on one line, and ends
//! with its standard input. How it answers stands at the beginning of the path: `/refused/api/v1/auth/keys`.
#![expect(clippy::print_stdout, reason = "that is how it tells its ports")]

use std::{error::Error, fmt::Write as _, time::Duration};

use openrouter_oauth_tests::tls;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, stdin},
    net::{TcpListener, TcpStream},
    time::sleep,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let certificate = tls::certificate("localhost", (2020, 2100));
    let acceptor = tls::acceptor(&certificate);
    let (plain, secure) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let mut hex = String::new();
    for byte in certificate.cert.der().iter() {
        write!(hex, "{byte:02x}")?;
    }
    println!("{} {} {hex}", plain.local_addr()?.port(), secure.local_addr()?.port());

    tokio::spawn(async move {
        while let Ok((tcp, _)) = plain.accept().await {
            tokio::spawn(serve(tcp, |tcp: TcpStream| tcp));
        }
    });
    tokio::spawn(async move {
        while let Ok((tcp, _)) = secure.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client may not like the certificate.
                match acceptor.accept(tcp).await {
                    Ok(stream) => serve(stream, |stream| stream.into_inner().0).await,
                    Err(_) => Ok(()),
                }
            });
        }
    });
    stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Answers one request; `tcp` takes the connection out of what is around it.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    tcp: impl FnOnce(S) -> TcpStream,
) -> Result<()> {
    let (head, body) = read(&mut stream).await?;
    let repeated = Repeated::of(&head, &body)?;
    let way = head.split('/').nth(1).unwrap_or_default();
    let whole = |status, headers: &str, body: &str| {
        format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    };
    let answer = match way {
        "granted" => whole(200, "", &repeated.granted()),
        "in-pieces" => return repeated.trickle(&mut stream).await,
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
            tcp(stream).set_zero_linger()?;
            return Ok(());
        }
        // And to everything else nothing is said.
        _ => {
            let _gone = stream.read_u8().await;
            return Ok(());
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}

/// Head and body of a request.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<(String, String)> {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap_or("0").parse()? {
                return Ok((head.to_owned(), body.to_owned()));
            }
        }
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await? {
            0 => return Err("the request ends early".into()),
            read => text.push_str(std::str::from_utf8(bytes.get(..read).unwrap_or_default())?),
        }
    }
}

/// What is said back.
struct Repeated {
    /// The secrets of the request.
    sent: Vec<String>,
    /// The secret of an answer: the first of the request, the last character first.
    made: String,
}

impl Repeated {
    fn of(head: &str, body: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        let of_json = ["code", "code_verifier"].into_iter().filter_map(|name| json.get(name)?.as_str());
        let of_form = body.split('&').filter_map(|pair| pair.strip_prefix("subject_token="));
        let of_head = head.lines().filter_map(|line| line.strip_prefix("authorization: Bearer "));
        let sent: Vec<String> = of_head.chain(of_json).chain(of_form).map(str::to_owned).collect();
        let reversed: String = sent.first().ok_or("there is no secret in it")?.chars().rev().collect();
        Ok(Self { sent, made: format!("sk-or-v1-{reversed}") })
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
    async fn trickle(&self, stream: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
        stream.write_all(b"HTTP/1.1 200 Status\r\ntransfer-encoding: chunked\r\n\r\n").await?;
        for piece in self.granted().as_bytes().chunks(60) {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            stream.write_all(piece).await?;
            stream.write_all(b"\r\n").await?;
            stream.flush().await?;
            sleep(Duration::from_millis(2)).await;
        }
        stream.write_all(b"0\r\n\r\n").await?;
        stream.shutdown().await?;
        Ok(())
    }
}
