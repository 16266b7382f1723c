//! Compares the requests of both sides.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use openrouter_oauth_tests::Result;
use tokio::runtime::{Builder, Runtime};

use crate::{by_hand::ByHand, by_sdk::BySdk, canned::Reply, planted::Nothing, side::Side};

/// A request, with its headers in alphabetical order.
#[derive(Debug, Eq, PartialEq)]
struct Captured {
    request_line: String,
    headers: Vec<String>,
    body: String,
}

/// The time limit of each read and write.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Fails if the two sides, or the two operations, send different requests. Only the order of the headers may differ.
pub(crate) fn compare() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base_url = format!("http://{}/api/v1", listener.local_addr()?);
    let receiving = thread::spawn(move || (0..4).map(|_| receive(&listener)).collect::<io::Result<Vec<_>>>());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    exchange::<ByHand>(&runtime, &base_url)?;
    exchange::<BySdk<Nothing>>(&runtime, &base_url)?;
    let captured = receiving.join().map_err(|_| "the server panicked")??;
    for pair in captured.windows(2) {
        if let [one, other] = pair
            && one != other
        {
            return Err(format!("the sides send different requests: {one:#?} and {other:#?}").into());
        }
    }
    Ok(())
}

/// Sends one request with each operation.
fn exchange<S: Side>(runtime: &Runtime, base_url: &str) -> Result<()> {
    let client = S::client(base_url)?;
    let pending = S::pending(&client)?;
    runtime.block_on(async {
        S::exchange_auth_code(&client).await?;
        S::exchange(&client, pending).await
    })
}

/// Receives one request and grants a key.
fn receive(listener: &TcpListener) -> io::Result<Captured> {
    let (mut connection, _) = listener.accept()?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    let captured = read(&connection)?;
    let body = Reply::Grant.body();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    connection.write_all((head + &body).as_bytes())?;
    Ok(captured)
}

fn read(connection: &TcpStream) -> io::Result<Captured> {
    let mut reader = BufReader::new(connection);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    if lines.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let request_line = lines.remove(0);
    lines.sort();
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = String::new();
    reader.take(length.unwrap_or_default()).read_to_string(&mut body)?;
    Ok(Captured { request_line, headers: lines, body })
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_sides_send_the_same_request() {
        super::compare().unwrap();
    }
}
