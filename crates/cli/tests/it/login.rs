//! `login` without a terminal. The tests play the browser.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::Stdio,
};

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_login::{Account, FileStore, KeyStore as _};
use serde_json::json;

use crate::{
    ports::fixed_port,
    support::{block_on, serve, unreachable},
    user::{Home, Login, get},
};

#[test]
fn callback_signs_in() {
    let (served, home) = (serve(), Home::new());
    let login = Login::start(&served, &home, &["--label", "my laptop", "--limit", "5"]);
    let page = get(&login.approve());
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");

    let signed_in = login.finish();
    let result = signed_in.result(0);
    assert_eq!(
        (&result["is_new"], &result["label"], &result["store"], &result["key"]),
        (&json!(true), &json!("my laptop"), &json!("file"), &json!(null)),
    );
    assert!(result["user_id"].is_string());
    assert_eq!(served.emulator.posts("/auth/keys"), 1);

    let status = home.run(&["status", "--json", "--server", &served.url]).json();
    assert_eq!((&status["label"], &status["limit"]), (&json!("my laptop"), &json!(5.0)));
    assert_eq!((&status["source"], &status["service"]), (&json!("file"), &json!(served.origin())));
}

#[test]
fn default_key_label_names_program_and_host() {
    let (served, home) = (serve(), Home::new());
    let login = Login::start(&served, &home, &[]);
    get(&login.approve());
    let label = login.finish().result(0)["label"].as_str().unwrap().to_owned();
    assert!(label.contains("openrouter-oauth"), "{label}");
}

#[test]
fn key_is_only_in_a_file_that_its_owner_can_read() {
    // S-6, S-1
    let (served, home) = (serve(), Home::new());
    let login = Login::start(&served, &home, &[]);
    get(&login.approve());
    let signed_in = login.finish();
    let key = home.run(&["token", "--server", &served.url]).line().to_owned();
    assert!(key.starts_with("sk-or-v1-"), "{key}");
    assert!(!signed_in.stdout.contains(&key) && !signed_in.stderr.contains("sk-or-"), "{signed_in:?}");

    assert!(fs::read_to_string(home.file()).unwrap().contains(&key));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        assert_eq!(fs::metadata(home.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn good_key_is_replaced_only_with_again() {
    // Otherwise, every login would create one more key.
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let first = home.run(&["token", "--server", &served.url]).line().to_owned();

    let again = home.run(&["login", "--json", "--server", &served.url]).json();
    assert_eq!(
        (&again["is_new"], &again["store"], &again["key"]),
        (&json!(false), &json!("file"), &json!(null))
    );
    let words = home.run(&["login", "--print", "--server", &served.url]);
    assert_eq!(words.line(), first);
    assert!(words.stderr.contains("--again"), "{words:?}");
    assert_eq!(served.emulator.posts("/auth/keys"), 1);

    let links = home.run(&["keys", "link", "--json", "--server", &served.url]).json();
    let login = Login::start(&served, &home, &["--again"]);
    get(&login.approve());
    let result = login.finish().result(0);
    assert_eq!((&result["is_new"], &result["previous"]), (&json!(true), &links["settings"]));
    assert_ne!(home.run(&["token", "--server", &served.url]).line(), first);
}

#[test]
fn rejected_key_is_replaced_and_named() {
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let first = home.run(&["token", "--server", &served.url]).line().to_owned();
    let links = home.run(&["keys", "link", "--json", "--server", &served.url]).json();
    let gone = r#"{"error":{"message":"User not found.","code":401}}"#;

    served.emulator.inject(Fault::status(401).body(gone).on("/key"));
    let login = Login::start(&served, &home, &[]);
    get(&login.approve());
    let result = login.finish().result(0);
    assert_eq!((&result["is_new"], &result["previous"]), (&json!(true), &links["settings"]));
    assert_ne!(home.run(&["token", "--server", &served.url]).line(), first);
}

#[test]
fn response_that_is_no_verdict_keeps_the_stored_key() {
    let limit = r#"{"error":{"message":"Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys","code":403}}"#;
    let html = |status, body: &'static str| Fault::status(status).content_type("text/html").body(body);
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let (file, posts) = (fs::read(home.file()).unwrap(), served.emulator.posts("/auth/keys"));
    for (fault, message, has_advice) in [
        (
            html(403, "<!DOCTYPE html><title>Just a moment...</title>"),
            "could not check the stored key: something other than OpenRouter responded (403, text/html)",
            false,
        ),
        (
            html(401, "<html><body>Sign in to the guest network</body></html>"),
            "could not check the stored key: something other than OpenRouter responded (401, text/html)",
            false,
        ),
        (html(200, "<html>Welcome to HotelWifi</html>"), "something other than OpenRouter responded", false),
        (Fault::status(403).body(limit), "Key limit exceeded (total limit). Manage it using https://", true),
        (Fault::status(404), "could not check the stored key: ", true),
    ] {
        served.emulator.inject(fault.on("/key"));
        let error = home.run(&["login", "--json", "--server", &served.url]).error(3);
        let text = error["message"].as_str().unwrap();
        assert!(text.contains(message) && text.contains("--again") == has_advice, "{error}");
        assert_eq!(fs::read(home.file()).unwrap(), file, "{message}");
        assert_eq!(served.emulator.posts("/auth/keys"), posts, "{message}");
    }
}

#[test]
fn unreachable_service_keeps_the_stored_key() {
    let ((unreachable, _port), home) = (unreachable(), Home::new());
    let client = Client::builder().base_url(unreachable.url.as_str()).build().unwrap();
    let store = FileStore::new(home.file());
    let key = ApiKey::parse("sk-or-v1-0e6f").unwrap();
    let account = Account::new(&client);
    block_on(store.save(&account, &key)).unwrap();
    let file = fs::read(home.file()).unwrap();
    let error = home.run(&["login", "--json", "--server", &unreachable.url]).error(4);
    assert_eq!(error["kind"], "not_sent");
    assert!(error["message"].as_str().unwrap().starts_with("could not check the stored key: "), "{error}");
    assert_eq!(fs::read(home.file()).unwrap(), file);
}

#[test]
fn key_with_odd_fields_is_good() {
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    for body in [
        r#"{"data":{"label":"x","rate_limit":"none"}}"#,
        r#"{"data":{"label":"x","usage":"1.5","limit_reset":3}}"#,
        r#"{"data":{"label":"x","expires_at":"2027-12-31T23:59Z"}}"#,
    ] {
        served.emulator.inject(Fault::status(200).body(body).on("/key"));
        let result = home.run(&["login", "--json", "--server", &served.url]).json();
        assert_eq!((&result["is_new"], &result["label"]), (&json!(false), &json!("x")), "{body}");
    }
    assert_eq!(served.emulator.posts("/auth/keys"), 1);
}

#[test]
fn logins_at_once_create_one_key() {
    let (served, home) = (serve(), Home::new());
    let first = Login::start(&served, &home, &[]);
    let others = [
        (&[][..], "Another program is signing in", "You are already signed in"),
        (&["--json"], r#"{"waiting":"another program is signing in"}"#, ""),
    ];
    let others = others.map(|(arguments, waiting, found)| {
        let login = [&["login", "--server", &served.url], arguments].concat();
        let mut child = home.program(&login).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains(waiting), "{line}");
        assert!(child.try_wait().unwrap().is_none());
        (child, stderr, found)
    });
    get(&first.approve());
    first.finish().result(0);
    for (mut child, mut stderr, found) in others {
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success() && rest.contains(found), "{rest}");
    }
    assert_eq!(served.emulator.posts("/auth/keys"), 1);
}

#[test]
fn killed_login_does_not_block_the_next() {
    let (served, home) = (serve(), Home::new());
    Login::start(&served, &home, &[]).kill();
    let next = Login::start(&served, &home, &[]);
    get(&next.approve());
    next.finish().result(0);
    assert_eq!(served.emulator.posts("/auth/keys"), 1);
}

// Runs the program as `nobody` if the tests run as root. Other systems have another ID for that user, or no modes.
#[cfg(target_os = "linux")]
#[test]
fn read_only_folder_is_found_before_a_key_is_created() {
    use std::os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    };

    const NOBODY: u32 = 65534;
    let is_root = rustix::process::geteuid().is_root();
    let (served, home) = (serve(), Home::new());
    if is_root {
        chown(home.folder(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(home.folder(), fs::Permissions::from_mode(0o500)).unwrap();
    let mut command = home.program(&["login", "--json", "--server", &served.url]);
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let error = crate::support::Finished::from_output(command.output().unwrap()).error(1);
    assert_eq!(error["kind"], "unexpected");
    assert!(error.to_string().contains("Permission denied"), "{error}");
    assert_eq!(served.emulator.log().len(), 0);
    fs::set_permissions(home.folder(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn page_shows_that_a_key_could_not_be_printed() {
    // L-19
    let (served, home) = (serve(), Home::new());
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let mut outputs = vec![Stdio::from(closed)];
    if cfg!(target_os = "linux") {
        outputs.push(fs::File::options().write(true).open("/dev/full").unwrap().into());
    }
    for stdout in outputs {
        let login = Login::start_writing_to(&served, &home, &["--store", "none", "--print"], stdout);
        let page = get(&login.approve());
        assert!(page.contains("the key was not stored"), "{page}");
        let lost = login.finish();
        let error = lost.last_error();
        assert_eq!(lost.status, Some(1), "{lost:?}");
        assert!(error["message"].as_str().unwrap().contains("a key was created"), "{error}");
        assert!(error["causes"][0].as_str().unwrap().contains("standard output"), "{error}");
        assert!(!lost.stderr.contains("sk-or-"), "{lost:?}");
    }
}

#[test]
fn printed_key_is_alone_on_standard_output() {
    let (served, home) = (serve(), Home::new());
    for (store, is_kept) in [("none", false), ("file", true)] {
        let login = Login::start(&served, &home, &["--store", store, "--print"]);
        get(&login.approve());
        let result = login.finish().result(0);
        let key = result["key"].as_str().unwrap();
        assert!(key.starts_with("sk-or-v1-") && result["user_id"].is_string(), "{store}");
        let stored = home.run(&["token", "--server", &served.url]);
        assert_eq!(stored.stdout.trim_end() == key, is_kept, "{store}");
    }
}

#[test]
fn unstorable_key_is_printed() {
    // S-8
    let mut blocks: Vec<fn(&Home)> = vec![Home::block_file];
    // Windows keeps the folder, because the login has a file in it open.
    if cfg!(unix) {
        blocks.push(Home::block_folder);
    }
    for block in blocks {
        let (served, home) = (serve(), Home::new());
        let login = Login::start(&served, &home, &[]);
        block(&home);
        let page = get(&login.approve());
        let lost = login.finish();
        let result = lost.result(1);
        assert_eq!((&result["is_new"], &result["store"]), (&json!(true), &json!(null)));
        let key = result["key"].as_str().unwrap();
        assert!(key.starts_with("sk-or-v1-") && !lost.stderr.contains(key) && !page.contains(key));
        let error = lost.last_error();
        assert_eq!(error["kind"], "unexpected");
        assert!(error["message"].as_str().unwrap().contains("could not be stored"), "{error}");
    }
}

// On other systems, an open file can be replaced.
#[cfg(windows)]
#[test]
fn key_is_printed_if_the_file_stays_open_elsewhere() {
    // S-8
    use std::os::windows::fs::OpenOptionsExt as _;

    const FILE_SHARE_READ: u32 = 1;
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let first = home.run(&["token", "--server", &served.url]).line().to_owned();
    let login = Login::start(&served, &home, &["--again"]);
    let scanner = fs::File::options().read(true).share_mode(FILE_SHARE_READ).open(home.file()).unwrap();
    get(&login.approve());
    let lost = login.finish();
    let key = lost.result(1)["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("sk-or-v1-") && key != first, "{lost:?}");
    let error = lost.last_error();
    assert!(error["causes"].to_string().contains("was still in use after 2 s"), "{error}");
    drop(scanner);
    assert_eq!(home.run(&["token", "--server", &served.url]).line(), first);
}

#[test]
fn unusable_store_fails_before_a_key_is_created() {
    for block in [Home::block_file, Home::block_folder] {
        let (served, home) = (serve(), Home::new());
        block(&home);
        let error = home.run(&["login", "--json", "--server", &served.url]).error(1);
        assert_eq!(error["kind"], "unexpected");
        assert_eq!(served.emulator.log().len(), 0);
    }
}

// On other systems, the keychain does not need a session.
#[cfg(target_os = "linux")]
#[test]
fn keychain_does_not_fall_back_to_the_file() {
    // S-4. Without a session, there is no keychain, even if the program supports it.
    let (served, home) = (serve(), Home::new());
    let no_session = [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")];
    for arguments in [&["login", "--again"][..], &["status"], &["token"], &["logout"]] {
        let arguments = [arguments, &["--store", "keychain", "--server", &served.url]].concat();
        let rejected = home.run_with(&arguments, &no_session);
        assert_ne!(rejected.status, Some(0), "{rejected:?}");
        assert!(rejected.stderr.contains("keychain"), "{rejected:?}");
    }
    assert_eq!(served.emulator.log().len(), 0);
}

#[test]
fn denial_has_its_own_exit_status() {
    let (served, home) = (serve(), Home::new());
    let login = Login::start(&served, &home, &[]);
    get(&login.deny());
    let denied = login.finish();
    assert_eq!((denied.status, denied.stdout.as_str()), (Some(6), ""));
    assert_eq!(denied.last_error()["kind"], "denied");
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
}

#[test]
fn login_without_approval_times_out() {
    let served = serve();
    let home = Home::new();
    for timeout in ["1", "1s"] {
        let login = Login::start(&served, &home, &["--timeout", timeout]);
        let over = login.finish();
        assert_eq!((over.status, over.stdout.as_str()), (Some(8), ""));
        assert_eq!(over.last_error()["kind"], "timed_out");
    }
}

#[test]
fn error_names_the_taken_port() {
    let (served, home) = (serve(), Home::new());
    let port = fixed_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let port = port.to_string();
    let taken = home.run(&["login", "--json", "--port", &port, "--server", &served.url]).error(1);
    assert!(taken.to_string().contains(&port), "{taken}");

    drop(listener);
    let login = Login::start(&served, &home, &["--port", &port]);
    let came_back = login.approve();
    assert!(came_back.starts_with(&format!("http://127.0.0.1:{port}/")), "{came_back}");
    get(&came_back);
    login.finish().result(0);
}

#[test]
fn each_login_failure_has_its_exit_status() {
    let rejected =
        || Fault::status(403).body(r#"{"error":{"code":403,"message":"Invalid code or code_verifier"}}"#);
    for (fault, status, kind) in [
        (rejected().content_type("application/json"), 3, "rejected"),
        (Fault::drop_after_commit(), 5, "outcome_unknown"),
        (Fault::status(500), 5, "outcome_unknown"),
    ] {
        let (served, home) = (serve(), Home::new());
        served.emulator.inject(fault.on("/auth/keys"));
        let login = Login::start(&served, &home, &[]);
        let page = get(&login.approve());
        assert!(page.starts_with("HTTP/1.1 5"), "L-19: {page}");
        let failed = login.finish();
        assert_eq!((failed.status, failed.stdout.as_str()), (Some(status), ""), "{failed:?}");
        assert_eq!(failed.last_error()["kind"], kind, "{failed:?}");
        assert_eq!(served.emulator.posts("/auth/keys"), 1, "{kind}");
        assert_eq!(home.run(&["token", "--json", "--server", &served.url]).error(9)["kind"], "not_signed_in");
    }
}

#[test]
fn unreachable_service_ends_with_not_sent() {
    let ((served, _port), home) = (unreachable(), Home::new());
    let login = Login::start(&served, &home, &[]);
    get(&login.approve());
    let failed = login.finish();
    assert_eq!((failed.status, failed.stdout.as_str()), (Some(4), ""), "{failed:?}");
    assert_eq!(failed.last_error()["kind"], "not_sent");
}

#[test]
fn login_reports_that_no_code_can_be_pasted() {
    let (served, home) = (serve(), Home::new());
    let error = home.run(&["login", "--headless", "--json", "--timeout", "60", "--server", &served.url]);
    assert_eq!(error.status, Some(1), "{error:?}");
    assert!(error.last_error()["message"].as_str().unwrap().contains("no terminal"), "{error:?}");
}

#[test]
fn code_is_read_from_standard_input_without_a_terminal() {
    let (served, home) = (serve(), Home::new());
    let mut login = Login::start(&served, &home, &["--headless"]);
    login.paste("auth_code_of_somebody_else");
    let code = login.approve();
    login.paste(&code);
    let signed_in = login.finish();
    signed_in.result(0);
    let problem: serde_json::Value = serde_json::from_str(signed_in.stderr.lines().last().unwrap()).unwrap();
    assert!(problem["problem"].as_str().unwrap().contains("rejected"), "{signed_in:?}");
    assert!(!signed_in.stderr.contains(&code), "T-5: {signed_in:?}");
    assert_eq!(served.emulator.posts("/auth/keys"), 2);
}
