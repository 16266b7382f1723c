//! `status`: describes the key.

use std::time::SystemTime;

use openrouter_oauth::{
    Client, Error, RejectionReason,
    models::{KeyInfo, Nullable, ServerText, Timestamp, UsageLimitType},
};
use serde_json::{Map, Value};

use crate::{
    args::StatusOptions,
    exit::Failure,
    key::{self, KeyWithSource},
    output::Output,
};

pub(crate) async fn run(options: &StatusOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let key = key::find(options.store.store, client).await?;
    let info = key.info(client).await.map_err(|failure| unchecked(failure, &key))?;
    let service = client.origin().as_str();
    if output.is_json() {
        Output::json(&fields(&info, key.source(), service))?;
    } else {
        let lines = [line("key", &key.location), line("service", service)];
        for line in lines.into_iter().chain(describe(&info)) {
            output.text(&line)?;
        }
    }
    if !options.quiet {
        let now = Timestamp::try_from(SystemTime::now()).ok();
        for warning in warnings(&info, now) {
            output.warning(&warning);
        }
    }
    Ok(())
}

/// If something other than OpenRouter responded, returns a failure that names the unchecked key.
fn unchecked(failure: Failure, key: &KeyWithSource) -> Failure {
    let key = if key.is_from_environment() { "the key in OPENROUTER_API_KEY" } else { "the stored key" };
    match failure {
        Failure::Sdk(error) if is_foreign(&error) => Failure::Unchecked { key, error },
        failure => failure,
    }
}

fn is_foreign(error: &Error) -> bool {
    matches!(error, Error::UnexpectedResponse(_))
        || error.api().is_some_and(|api| api.reason() == RejectionReason::NotFromOpenRouter)
}

/// Returns every field of the service's description, and two of our own, which come first if the names are equal.
fn fields(info: &KeyInfo, source: &str, service: &str) -> Map<String, Value> {
    // A description is an object of JSON values, so it can always be serialized.
    let mut fields = match serde_json::to_value(info) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("source".to_owned(), source.into());
    fields.insert("service".to_owned(), service.into());
    fields
}

/// Describes a key, with one line per property that the service reports.
pub(crate) fn describe(info: &KeyInfo) -> Vec<String> {
    let text = |text: &String| ServerText::new(text).to_string();
    let usd = |amount: f64| format!("{amount} USD");
    let limit = match (&info.limit, &info.limit_reset) {
        (Nullable::Absent, _) => None,
        (Nullable::Null, _) => Some("none".to_owned()),
        (Nullable::Value(limit), Nullable::Value(reset)) => {
            Some(format!("{limit} USD, {}", ServerText::new(reset.as_str())))
        }
        (Nullable::Value(limit), _) => Some(usd(*limit)),
    };
    let expires = match &info.expires_at {
        Nullable::Absent => None,
        Nullable::Null => Some("never".to_owned()),
        Nullable::Value(time) => Some(time.to_string()),
    };
    let lines = [
        ("label", info.label.as_ref().map(text)),
        ("user", info.creator_user_id.value().map(text)),
        ("limit", limit),
        ("left", info.limit_remaining.value().copied().map(usd)),
        ("used", used_in_period(info)),
        ("lifetime", info.usage.map(|used| format!("{used} USD used"))),
        ("expires", expires),
    ];
    lines.into_iter().filter_map(|(name, value)| Some(line(name, &value?))).collect()
}

/// Returns the amount spent in the current period of the limit, if the limit resets.
fn used_in_period(info: &KeyInfo) -> Option<String> {
    let (used, byok, period) = match info.limit_reset.value()? {
        UsageLimitType::Daily => (info.usage_daily, info.byok_usage_daily, "today"),
        UsageLimitType::Weekly => (info.usage_weekly, info.byok_usage_weekly, "this week"),
        UsageLimitType::Monthly => (info.usage_monthly, info.byok_usage_monthly, "this month"),
        _ => return None,
    };
    // Otherwise, the limit and what is left of it would not add up.
    let byok = byok.filter(|byok| info.include_byok_in_limit == Some(true) && *byok > 0.0);
    let byok = byok.map(|byok| format!(", and {byok} USD with your own provider keys")).unwrap_or_default();
    Some(format!("{} USD {period} (UTC){byok}", used?))
}

/// Returns what the user should know before the key stops working.
fn warnings(info: &KeyInfo, now: Option<Timestamp>) -> Vec<String> {
    const WEEK: i64 = 7 * 24 * 60 * 60;

    let mut warnings = Vec::new();
    if let (Some(limit), Some(left)) = (info.limit.value(), info.limit_remaining.value())
        && (*left <= 0.0 || *left < limit / 10.0)
    {
        let reset = match info.limit_reset.value() {
            Some(reset) => format!("{} ", ServerText::new(reset.as_str())),
            None => String::new(),
        };
        warnings.push(format!("only {} USD of the key's {reset}limit of {limit} USD is left", left.max(0.0)));
    }
    if let (Some(expires), Some(now)) = (info.expires_at.value(), now) {
        match expires.as_unix_seconds() - now.as_unix_seconds() {
            ..=0 => warnings.push(format!("the key expired at {expires}")),
            1..WEEK => warnings.push(format!("the key expires at {expires}, in less than a week")),
            _ => {}
        }
    }
    warnings
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<9} {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings_of(json: &str) -> Vec<String> {
        let now = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
        warnings(&serde_json::from_str(json).unwrap(), Some(now))
    }

    #[test]
    fn usage_of_provider_keys_is_shown_if_the_limit_includes_it() {
        let mut info: KeyInfo =
            serde_json::from_str(r#"{"limit_reset":"weekly","usage_weekly":1.5,"byok_usage_weekly":0.5}"#)
                .unwrap();
        for (included, used) in [
            (None, "1.5 USD this week (UTC)"),
            (Some(false), "1.5 USD this week (UTC)"),
            (Some(true), "1.5 USD this week (UTC), and 0.5 USD with your own provider keys"),
        ] {
            info.include_byok_in_limit = included;
            assert_eq!(used_in_period(&info).as_deref(), Some(used));
        }
    }

    #[test]
    fn low_limit_is_a_warning() {
        for (json, count) in [
            (r#"{"limit":5,"limit_remaining":0.5}"#, 0),
            (r#"{"limit":5,"limit_remaining":0.49}"#, 1),
            (r#"{"limit":5,"limit_remaining":-0.1}"#, 1),
            (r#"{"limit":0,"limit_remaining":0}"#, 1),
            (r#"{"limit":null,"limit_remaining":null}"#, 0),
            (r#"{"limit_remaining":0}"#, 0),
            ("{}", 0),
        ] {
            assert_eq!(warnings_of(json).len(), count, "{json}");
        }
        let daily = warnings_of(r#"{"limit":5,"limit_remaining":0.25,"limit_reset":"daily"}"#);
        assert_eq!(daily, ["only 0.25 USD of the key's daily limit of 5 USD is left"]);
    }

    #[test]
    fn expiry_within_a_week_is_a_warning() {
        for (time, warning) in [
            ("2026-12-08T00:00:00Z", None),
            ("2026-12-07T23:59:59Z", Some("the key expires at 2026-12-07T23:59:59Z, in less than a week")),
            ("2026-12-01T00:00:00Z", Some("the key expired at 2026-12-01T00:00:00Z")),
            ("2020-01-01T00:00:00Z", Some("the key expired at 2020-01-01T00:00:00Z")),
        ] {
            let warnings = warnings_of(&format!(r#"{{"expires_at":"{time}"}}"#));
            assert_eq!(warnings.first().map(String::as_str), warning, "{time}");
        }
    }
}
