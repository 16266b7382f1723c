//! Runs a login that cannot accept its browser while too many files are open. It must continue as soon as it can.

// L-21

use std::{
    fs::File,
    process::Stdio,
    time::{Duration, Instant},
};

use openrouter_oauth::{Client, transport::testing::Never};
use openrouter_oauth_login::{Listener, ResultPage};
use openrouter_oauth_tests::Result;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::Command,
    time::timeout,
};

use crate::{
    table::Table,
    verdict::{DEADLINE_MARGIN, Rule, Violation},
};

/// How long the login cannot open a file.
const FILE_SHORTAGE: Duration = Duration::from_millis(500);

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" file-limit"])
        .arg(std::env::current_exe()?)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let port: u16 = lines.next_line().await?.ok_or("no port")?.parse()?;
    let path = lines.next_line().await?.ok_or("no path")?;

    let mut browser = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path}?code=good HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    browser.write_all(request.as_bytes()).await?;
    let (mut page, waiting) = (String::new(), Instant::now());
    browser.read_to_string(&mut page).await?;
    let took = waiting.elapsed();

    let mut violations = Vec::new();
    if !page.contains("You are signed in") {
        violations.push(Violation { rule: Rule::Class, text: format!("no page but {page:?}") });
    }
    if took > FILE_SHORTAGE + DEADLINE_MARGIN {
        violations.push(Violation { rule: Rule::Deadline, text: format!("the page took {took:?}") });
    }
    if !child.wait().await?.success() {
        violations.push(Violation { rule: Rule::Class, text: "the login failed".into() });
    }
    let details = format!(
        "page after {} ms, {} ms of them without a file",
        took.as_millis(),
        FILE_SHORTAGE.as_millis()
    );
    table.add_part("a login without a file to open", 1, &details, violations, start.elapsed());
    Ok(())
}

/// The login, in a process that can open few files.
pub(crate) async fn listen() -> Result<bool> {
    let client = Client::builder().transport(Never::new()).without_deadline().build()?;
    let mut listener = Listener::bind(0).await?;
    let (_, pending) = client.authorize(listener.callback_url()).begin()?;
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    println!("{}\n/callback/{}", listener.port(), pending.attempt_id());
    if timeout(FILE_SHORTAGE, listener.callback(&pending)).await.is_ok() {
        return Err("the listener accepted a browser without a file".into());
    }
    drop(files);
    let callback = listener.callback(&pending).await;
    let is_good = callback.code().as_ref().is_ok_and(|code| code.expose() == "good");
    callback.respond(ResultPage::SignedIn).await;
    Ok(is_good)
}
