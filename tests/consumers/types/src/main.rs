//! A service that reads exchange requests and writes their responses itself, without an HTTP client.

use openrouter_oauth_models::{ApiKey, ApiKeyGrant, ErrorResponse, ExchangeAuthCode, InvalidValue};

/// The only code that this service accepts.
const CODE: &str = "auth_code_abc123def456";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (status, body) = respond(r#"{"code":"auth_code_abc123def456","from":"a later version"}"#)?;
    assert_eq!((status, &*body), (200, r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#));

    let (status, body) = respond(r#"{"code":"auth_code_of_somebody_else"}"#)?;
    assert_eq!((status, &*body), (403, r#"{"error":{"code":403,"message":"Invalid code"}}"#));

    let (status, _) = respond(r#"{"code":""}"#)?;
    assert_eq!(status, 400);
    println!("types: read three requests and wrote their responses");
    Ok(())
}

/// Returns the status and body of the response to an exchange.
fn respond(body: &str) -> Result<(u16, String), Box<dyn std::error::Error>> {
    let Ok(request) = serde_json::from_str::<ExchangeAuthCode>(body) else {
        return reject(400, "Invalid request");
    };
    if request.code.expose() != CODE {
        return reject(403, "Invalid code");
    }
    Ok((200, serde_json::to_string(&grant()?)?))
}

fn grant() -> Result<ApiKeyGrant, InvalidValue> {
    let mut grant = ApiKeyGrant::new(ApiKey::parse("sk-or-v1-0e6f")?);
    grant.user_id = Some("user_1".to_owned());
    Ok(grant)
}

fn reject(status: u16, message: &str) -> Result<(u16, String), Box<dyn std::error::Error>> {
    let response = ErrorResponse::new(status.into(), message);
    Ok((status, serde_json::to_string(&response)?))
}
