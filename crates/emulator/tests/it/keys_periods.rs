//! The periods of a key's usage, over a socket.

use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use openrouter_oauth_emulator::{Emulator, EmulatorServer};
use serde_json::{Value, json};

use crate::support::{send_raw, user_key};

/// Sends a request over a new connection, and returns the status and the JSON.
async fn call(server: &EmulatorServer, line: &str, bearer: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = send_raw(server.addr(), &request).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    // A chunked response has lines with sizes around the JSON.
    let json = body.find(['{', '[']).zip(body.rfind(['}', ']'])).map(|(start, end)| &body[start..=end]);
    (head[9..12].parse().unwrap(), serde_json::from_str(json.unwrap()).unwrap())
}

/// Returns the time on the emulator's clock.
async fn now(server: &EmulatorServer) -> Timestamp {
    let (_, issued) = call(server, "POST /emulator/keys", "", &Value::Null).await;
    let path = format!("/emulator/keys/{}", issued["key"].as_str().unwrap());
    let (_, state) = call(server, &format!("GET {path}"), "", &Value::Null).await;
    assert_eq!(call(server, &format!("DELETE {path}"), "", &Value::Null).await.0, 200);
    state["created_at"].as_str().unwrap().parse().unwrap()
}

/// Moves the emulator's clock to this time, or up to two seconds later.
async fn move_to(server: &EmulatorServer, time: Timestamp) {
    // The emulator shows only whole seconds.
    let seconds = (time - now(server).await).as_secs();
    assert!(seconds > 0, "{time} is in the past");
    assert_eq!(call(server, "POST /emulator/advance", "", &json!({ "seconds": seconds })).await.0, 200);
    assert!(now(server).await >= time);
}

fn midnight(day: Date) -> Timestamp {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap()
}

/// Returns the next Monday whose week ends before the month does.
fn full_week_after(now: Timestamp) -> Date {
    let mut day = Offset::UTC.to_datetime(now).date();
    loop {
        day = day.tomorrow().unwrap();
        let is_monday = day.weekday().to_monday_zero_offset() == 0;
        if is_monday && day.checked_add(8.days()).unwrap().month() == day.month() {
            return day;
        }
    }
}

#[tokio::test]
async fn usage_and_limit_follow_their_periods() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let key = user_key(&emulator).await;
    let path = format!("/emulator/keys/{}", emulator.key(&key).unwrap().hash);
    let monday = full_week_after(now(&server).await);
    let next_month = monday.first_of_month().checked_add(1.month()).unwrap();
    let after = |days: i64| monday.checked_add(days.days()).unwrap();
    let minute_before = |day| midnight(day) - 1.minute();

    // The time, the amount to spend then, and the usage: in total, of the day, of the week, and of the month.
    let steps = [
        (midnight(monday), 0.1, [0.1, 0.1, 0.1, 0.1]),
        (minute_before(after(1)), 0.2, [0.3, 0.3, 0.3, 0.3]),
        (midnight(after(1)), 0.0, [0.3, 0.0, 0.3, 0.3]),
        (midnight(after(1)) + 1.hour(), 0.4, [0.7, 0.4, 0.7, 0.7]),
        (minute_before(after(7)), 0.0, [0.7, 0.0, 0.7, 0.7]),
        (midnight(after(7)), 0.0, [0.7, 0.0, 0.0, 0.7]),
        (midnight(after(7)) + 1.hour(), 1.5, [2.2, 1.5, 1.5, 2.2]),
        (minute_before(next_month), 0.0, [2.2, 0.0, f64::NAN, 2.2]),
        (midnight(next_month), 0.0, [2.2, 0.0, f64::NAN, 0.0]),
        (midnight(next_month) + 1.hour(), 0.7, [2.9, 0.7, f64::NAN, 0.7]),
    ];
    for (time, spend, expected) in steps {
        move_to(&server, time).await;
        call(&server, &format!("POST {path}/spend"), "", &json!({ "dollars": spend })).await;
        call(&server, &format!("PATCH {path}"), "", &json!({ "limit": 2 })).await;
        for (index, reset) in
            [json!(null), json!("daily"), json!("weekly"), json!("monthly")].iter().enumerate()
        {
            let (_, state) =
                call(&server, &format!("PATCH {path}"), "", &json!({ "limit_reset": reset })).await;
            let (status, info) = call(&server, "GET /api/v1/key", &key, &Value::Null).await;
            assert_eq!(status, 200);
            // Whether a month ends within a week differs from month to month.
            if expected[index].is_nan() {
                continue;
            }
            let name = ["usage", "usage_daily", "usage_weekly", "usage_monthly"][index];
            let remaining = f64::max((20.0 - expected[index] * 10.0).round() / 10.0, 0.0);
            for shown in [&state, &info["data"]] {
                assert_eq!(shown[name].as_f64(), Some(expected[index]), "{time} {name}");
                assert_eq!(shown["limit_remaining"].as_f64(), Some(remaining), "{time} {name}");
            }
            let budget = &info["data"]["effective_budget"];
            let resets_at = budget["resets_at"].as_str().map(|time| time.parse::<Timestamp>().unwrap());
            assert_eq!(budget["spend_usd"].as_f64(), Some(expected[index]));
            assert_eq!(resets_at.is_some(), !reset.is_null());
            assert!(resets_at.is_none_or(|resets_at| resets_at > time), "{time} {name}");
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn key_expires_and_is_revoked_over_a_socket() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let key = user_key(&emulator).await;
    let path = format!("/emulator/keys/{key}");
    for (change, status) in [
        (json!({}), 200),
        (json!({ "limit": 0 }), 200),
        (json!({ "expires_at": "2020-01-01T00:00:00Z" }), 401),
        (json!({ "expires_at": null }), 200),
    ] {
        let (changed, state) = call(&server, &format!("PATCH {path}"), "", &change).await;
        assert_eq!(changed, 200, "{state}");
        assert_eq!(call(&server, "GET /api/v1/key", &key, &Value::Null).await.0, status, "{change}");
    }
    assert_eq!(call(&server, &format!("POST {path}/spend"), "", &json!({ "dollars": 1 })).await.0, 200);
    assert_eq!(call(&server, &format!("POST {path}/spend"), "", &json!({ "dollars": -1 })).await.0, 400);
    assert_eq!(call(&server, &format!("DELETE {path}"), "", &Value::Null).await.0, 200);
    assert_eq!(call(&server, "GET /api/v1/key", &key, &Value::Null).await.0, 401);
    assert_eq!(call(&server, &format!("DELETE {path}"), "", &Value::Null).await.0, 404);
    assert_eq!(call(&server, "GET /emulator/keys", "", &Value::Null).await, (200, json!([])));
    server.shutdown().await;
}
