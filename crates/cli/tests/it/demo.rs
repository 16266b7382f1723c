//! The demo, against its own emulator and against one in another process.

use openrouter_oauth_emulator::Fault;

use crate::support::{run, run_with, serve};

const STEPS: usize = 6;

#[test]
fn demo_runs_and_reports_every_step() {
    let demo = run(&["demo"]);
    assert_eq!((demo.status, demo.stderr.as_str()), (Some(0), ""));
    for step in 1..=STEPS {
        assert!(demo.stdout.contains(&format!("\n{step}. ")), "{step}: {}", demo.stdout);
    }
    assert!(demo.stdout.ends_with("\nAll 6 steps succeeded.\n"));
}

#[test]
fn demo_shows_no_secret() {
    // S-1: a key begins with the first of these; codes, verifiers and states follow the others.
    for arguments in [&["demo"][..], &["demo", "--json"]] {
        let demo = run(arguments);
        assert_eq!(demo.status, Some(0));
        for canary in ["sk-or-", "code_verifier", "code_challenge=", "state="] {
            assert!(!demo.stdout.contains(canary), "{canary}: {}", demo.stdout);
        }
        assert!(demo.stdout.contains("?code=[redacted]"));
        assert!(demo.stdout.contains("ApiKey([redacted])"));
    }
}

#[test]
fn demo_reports_its_steps_as_json() {
    let report = run(&["demo", "--json"]).json();
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), STEPS);
    assert!(steps.iter().all(|step| step["title"].is_string() && step["lines"][0].is_string()));
}

#[test]
fn demo_sends_each_request_to_another_emulator_once() {
    let served = serve();
    let demo = run(&["demo", "--server", &served.url]);
    assert_eq!(demo.status, Some(0), "{demo:?}");
    assert!(demo.stdout.contains(&served.url));
    // Steps 1, 2 and 3 exchange once. Step 5 exchanges once and forces a second exchange. `PendingSignIn` does not send
    // the one that it rejects.
    assert_eq!(served.emulator.posts("/auth/keys"), 5);
    assert_eq!(served.emulator.posts("/auth/keys/code"), 1);
    // The demo tries each of the four keys and inspects the key of step 1 again.
    assert_eq!(served.emulator.requests("/key"), 5);
}

#[test]
fn demo_ignores_the_environment_and_the_real_service() {
    let demo = run_with(&["demo"], &[("OPENROUTER_BASE_URL", "http://evil")]);
    assert_eq!(demo.status, Some(0), "{demo:?}");

    let demo = run(&["demo", "--json", "--server", "https://openrouter.ai/api/v1"]);
    assert!(demo.error(2)["message"].as_str().unwrap().contains("needs an emulator"));
}

#[test]
fn demo_with_a_wrong_step_fails() {
    // An exchange that fails, an unknown key, a key with another limit than requested, and a key that is not new.
    let same = r#"{"key":"sk-or-v1-same","user_id":"user_1"}"#;
    let as_requested = |limit| format!(r#"{{"data":{{"label":"openrouter-oauth demo","limit":{limit}}}}}"#);
    let at = |path: &str, body: &str| Fault::status(200).on(path).body(body.to_owned());
    for (faults, status, words) in [
        (vec![Fault::status(500).on("/auth/keys")], 5, "error: "),
        (vec![Fault::status(401).on("/key")], 3, "error: "),
        (vec![at("/key", &as_requested("6"))], 1, "expected a key with the requested label and limit"),
        (
            vec![
                at("/auth/keys", same),
                at("/auth/keys", same),
                at("/key", &as_requested("5")),
                at("/key", &as_requested("null")),
            ],
            1,
            "expected a new key",
        ),
    ] {
        let served = serve();
        for fault in faults {
            served.emulator.inject(fault);
        }
        let demo = run(&["demo", "--server", &served.url]);
        assert_eq!(demo.status, Some(status), "{demo:?}");
        assert!(demo.stderr.contains(words), "{demo:?}");
        assert!(!demo.stdout.contains("steps succeeded"));
    }
}

#[test]
fn unreachable_demo_does_not_claim_an_emulator() {
    // Nothing listens on port 1.
    let demo = run(&["demo", "--server", "http://127.0.0.1:1"]);
    assert_eq!((demo.status, demo.stdout.as_str()), (Some(4), ""), "{demo:?}");
}
