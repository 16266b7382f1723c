//! Runs the command-line tool's demo, and collects its output and the secrets that it sent and received.

use std::{
    env,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_tests::Result;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};

/// The output of each run of the demo with its name, and the secrets of all runs.
pub(crate) async fn demos() -> Result<(Vec<(String, String)>, Vec<String>)> {
    let emulator = Emulator::new().serve(0).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/api/v1", listener.local_addr()?);
    let traffic = Traffic::default();
    let relaying = tokio::spawn(relay(listener, emulator.addr(), traffic.clone()));

    let program = env::current_exe()?.with_file_name("openrouter-oauth");
    let mut printed = Vec::new();
    for more in [&[][..], &["--json"]] {
        let output = Command::new(&program).args(["demo", "--server", &url]).args(more).output().await?;
        if !output.status.success() {
            return Err(format!("the demo failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let text = [output.stdout, output.stderr].concat();
        printed.push((format!("the demo {more:?}"), String::from_utf8_lossy(&text).into_owned()));
    }
    relaying.abort();
    emulator.shutdown().await;
    let secrets = traffic.secrets();
    if secrets.is_empty() {
        return Err("no secret was sent or received".into());
    }
    Ok((printed, secrets))
}

/// The bytes of both directions.
#[derive(Clone, Default)]
struct Traffic(Arc<Mutex<Vec<u8>>>);

impl Traffic {
    /// Finds keys, codes and verifiers by the text before them.
    fn secrets(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        let marks = [
            r#""key":""#,
            r#""code":""#,
            r#""code_verifier":""#,
            r#""id":""#,
            "?code=",
            "&state=",
            "Bearer ",
        ];
        let mut secrets: Vec<String> = marks
            .iter()
            .flat_map(|mark| text.split(mark).skip(1))
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.~".contains(c)).next())
            .filter(|secret| secret.len() >= 16)
            .map(str::to_owned)
            .collect();
        secrets.sort();
        secrets.dedup();
        secrets
    }
}

async fn relay(listener: TcpListener, to: SocketAddr, traffic: Traffic) {
    while let Ok((near, _)) = listener.accept().await {
        let traffic = traffic.clone();
        tokio::spawn(async move {
            let Ok(far) = TcpStream::connect(to).await else { return };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::join!(pass(near_in, far_out, &traffic), pass(far_in, near_out, &traffic));
        });
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, traffic: &Traffic) {
    let mut space = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut space).await {
        traffic.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&space[..read]);
        if to.write_all(&space[..read]).await.is_err() {
            return;
        }
    }
    let _gone = to.shutdown().await;
}
