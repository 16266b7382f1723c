//! A service that answers exchanges itself: it reads the request and writes the response, and sends nothing.

use openrouter_oauth_models::{ApiKey, ApiKeyGrant, ErrorResponse, ExchangeAuthCode, InvalidValue};

/// The code that this service knows.
const CODE: &str = "auth_code_abc123def456";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (status, body) = answer(r#"{"code":"auth_code_abc123def456","from":"a later version"}"#)?;
    assert_eq!((status, &*body), (200, r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#));

    let (status, body) = answer(r#"{"code":"auth_code_of_somebody_else"}"#)?;
    assert_eq!((status, &*body), (403, r#"{"error":{"code":403,"message":"Invalid code"}}"#));

    let (status, _) = answer(r#"{"code":""}"#)?;
    assert_eq!(status, 400);
    println!("types: read three requests and answered them");
    Ok(())
}

/// The status and body for the body of an exchange.
fn answer(body: &str) -> Result<(u16, String), Box<dyn std::error::Error>> {
    let Ok(request) = serde_json::from_str::<ExchangeAuthCode>(body) else {
        return refuse(400, "Invalid request");
    };
    if request.code.expose() != CODE {
        return refuse(403, "Invalid code");
    }
    Ok((200, serde_json::to_string(&grant()?)?))
}

fn grant() -> Result<ApiKeyGrant, InvalidValue> {
    let mut grant = ApiKeyGrant::new(ApiKey::parse("sk-or-v1-0e6f")?);
    grant.user_id = Some("user_1".to_owned());
    Ok(grant)
}

fn refuse(status: u16, message: &str) -> Result<(u16, String), Box<dyn std::error::Error>> {
    let refusal = ErrorResponse::new(status.into(), message);
    Ok((status, serde_json::to_string(&refusal)?))
}
