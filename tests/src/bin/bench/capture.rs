//! Compares the requests of both sides.

use openrouter_oauth_tests::Result;
use openrouter_oauth_transport_contract::{ReceivedRequest, RunScript, Scheme, ScriptedServer};
use tokio::runtime::{Builder, Runtime};

use crate::{by_hand::ByHand, by_sdk::BySdk, canned::CannedResponse, planted::Nothing, side::Side};

/// Fails if the two sides, or the two operations, send different requests. Only the order of the headers may differ.
pub(crate) fn compare() -> Result<()> {
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, |connection, _| {
        connection.respond(&CannedResponse::Grant.body())
    })?;
    let base_url = server.url("/api/v1");
    let runtime = Builder::new_current_thread().enable_all().build()?;
    exchange::<ByHand>(&runtime, &base_url)?;
    exchange::<BySdk<Nothing>>(&runtime, &base_url)?;
    let requests: Vec<_> = server.requests().into_iter().map(to_text).collect();
    for pair in requests.windows(2) {
        if let [one, other] = pair
            && one != other
        {
            return Err(format!("the sides send different requests:\n{one}\n\n{other}").into());
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

/// Returns a request as text, with its headers in alphabetical order.
fn to_text(mut request: ReceivedRequest) -> String {
    request.headers.sort();
    let mut text = request.line;
    for (name, value) in request.headers {
        text = text + "\n" + &name + ": " + &String::from_utf8_lossy(&value);
    }
    text + "\n\n" + &String::from_utf8_lossy(&request.body)
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_sides_send_the_same_request() {
        super::compare().unwrap();
    }
}
