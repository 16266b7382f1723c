//! Stores of claims on real servers: their contract, and what happens when the server fails.

use std::time::{Duration, Instant};

use openrouter_oauth_tests::servers::{Postgres, Redis, Switch};
use openrouter_oauth_transport_hyper::TokioTimer;
use openrouter_oauth_web::{
    Claim, Claims, RedisClaims,
    claims::contract::{self, Violations},
};
use tokio::{process::Command, time::timeout};

use crate::{
    postgres_claims::PostgresClaims,
    wait::{self, wait_until},
};

const TTL: Duration = Duration::from_secs(600);

/// How long a sign-in waits for its store.
const DEADLINE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn redis_meets_the_contract() -> Result<(), Violations> {
    let Some(redis) = Redis::start() else { return Ok(()) };
    let [first, second] =
        [redis_claims(&redis.url()).prefix("mine:"), redis_claims(&redis.url()).prefix("mine:")];
    contract::run(&first, &second, &TokioTimer::default()).await?;
    let keys = redis.run("KEYS *");
    let names: Vec<_> = keys.lines().filter(|line| !line.starts_with(['*', '$'])).collect();
    assert!(names.len() > 10 && names.iter().all(|name| name.starts_with("mine:")), "{names:?}");
    Ok(())
}

#[tokio::test]
async fn postgres_example_meets_the_contract() {
    let Some(postgres) = Postgres::start() else { return };
    let mut example = Command::new(env!("CARGO_BIN_EXE_example_postgres_claims"));
    let output = example.arg(postgres.url()).output().await.unwrap();
    let [shown, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{shown}{error}");
    assert!(shown.contains("meets its contract") && shown.contains("deleted"), "{shown}");
}

#[tokio::test]
async fn restarted_postgres_keeps_its_claims() {
    let Some(mut postgres) = Postgres::start() else { return };
    let claims = PostgresClaims::connect(&postgres.url()).await.unwrap();
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    postgres.kill();
    assert_fails_in_time(&claims).await;
    postgres.restart();
    assert_taken(&claims, "id").await;
    claims.release("id", "ours").await.unwrap();
    assert_eq!(claims.claim("id", "theirs", TTL).await.unwrap(), Claim::Won);
}

#[tokio::test]
async fn redis_user_needs_only_the_documented_commands() {
    let Some(redis) = Redis::start() else { return };
    let commands = "-@all +eval +get +set +del +time";
    let user = redis.run(&format!("ACL SETUSER app on >secret ~openrouter-oauth:claim:* {commands}"));
    assert_eq!(user, "+OK");
    let claims = redis_claims(&redis.url().replace("redis://", "redis://app:secret@"));
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    claims.settle("id", "ours").await.unwrap();
    claims.release("id", "ours").await.unwrap();
    let error = claims.prefix("other:").claim("id", "ours", TTL).await.unwrap_err().to_string();
    assert!(error.contains("NoPerm"), "{error}");
}

#[tokio::test]
async fn full_redis_fails_instead_of_dropping_claims() {
    let Some(redis) = Redis::start() else { return };
    let claims = redis_claims(&redis.url());
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    redis.run("CONFIG SET maxmemory 1");
    let error = claims.claim("other", "ours", TTL).await.unwrap_err().to_string();
    assert!(error.contains("OOM"), "{error}");
    assert_taken(&claims, "id").await;
    // A full store still frees claims.
    claims.release("id", "ours").await.unwrap();
    assert_eq!(redis.run("DBSIZE"), ":0");
}

#[tokio::test]
async fn redis_that_is_down_fails_in_time() {
    let Some(mut redis) = Redis::start_durable() else { return };
    let claims = redis_claims(&redis.url());
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    redis.kill();
    for _ in 0..3 {
        assert_fails_in_time(&claims).await;
    }
    redis.restart();
    // A server that keeps its data keeps its claims.
    assert_taken(&claims, "id").await;
}

#[tokio::test]
async fn redis_that_hangs_fails_in_time() {
    let Some(redis) = Redis::start() else { return };
    let claims = redis_claims(&redis.url());
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    redis.pause();
    for _ in 0..2 {
        assert_fails_in_time(&claims).await;
    }
    redis.resume();
    assert_taken(&claims, "id").await;
}

#[tokio::test]
async fn restarted_redis_without_persistence_forgets_claims() {
    let Some(mut redis) = Redis::start() else { return };
    let claims = redis_claims(&redis.url());
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    redis.restart();
    // Then only OpenRouter's single use of a code remains, as the documentation says.
    assert_eq!(claim_until_it_responds(&claims, "id", "theirs").await, Claim::Won);
    claims.settle("id", "theirs").await.unwrap();
    claims.release("id", "theirs").await.unwrap();
}

#[tokio::test]
async fn lost_acknowledgment_of_a_claim_does_not_lose_it() {
    let Some(redis) = Redis::start() else { return };
    let (claims, rival) = (redis_claims(&redis.url()), redis_claims(&redis.url()));
    claims.claim("other", "ours", TTL).await.unwrap();
    // The server runs the call after the client has given up.
    redis.pause();
    claims.claim("id", "ours", TTL).await.unwrap_err();
    redis.resume();
    wait_until("the server runs the call", || redis.run("DBSIZE") == ":2").await;
    assert_taken(&rival, "id").await;
    assert_eq!(claim_until_it_responds(&claims, "id", "ours").await, Claim::Won);
}

#[tokio::test]
async fn lost_acknowledgment_of_a_release_spares_the_next_owner() {
    let Some(redis) = Redis::start() else { return };
    let switch = Switch::start(redis.address()).await;
    let claims = redis_claims(&format!("redis://{}/", switch.address()));
    let rival = redis_claims(&redis.url());
    claims.release("id", "ours").await.unwrap();
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    // The connection breaks after the server received the call.
    redis.pause();
    let before = switch.forwarded_bytes();
    let cut = async {
        wait_until("the server receives the call", || switch.forwarded_bytes() > before).await;
        switch.turn_to(Some(redis.address()));
    };
    let (released, ()) = tokio::join!(claims.release("id", "ours"), cut);
    released.unwrap_err();
    redis.resume();
    wait_until("the server runs the call", || redis.run("DBSIZE") == ":0").await;
    assert_eq!(claim_until_it_responds(&rival, "id", "theirs").await, Claim::Won);
    let until_released = async { while claims.release("id", "ours").await.is_err() {} };
    timeout(wait::TIMEOUT, until_released).await.unwrap();
    assert!(matches!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Taken { .. }));
}

#[tokio::test]
async fn promoted_replica_keeps_the_claims_that_it_received() {
    let (Some(mut primary), Some(replica)) = (Redis::start(), Redis::start()) else { return };
    let switch = Switch::start(primary.address()).await;
    let claims = redis_claims(&format!("redis://{}/", switch.address()));
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    replicate(&primary, &replica).await;

    // While the primary lives, no other owner wins, and a replica accepts no claims.
    assert_taken(&claims, "id").await;
    let of_replica = redis_claims(&replica.url());
    of_replica.claim("new", "ours", TTL).await.unwrap_err();

    primary.kill();
    switch.turn_to(None);
    assert_fails_in_time(&claims).await;
    assert_eq!(replica.run("REPLICAOF NO ONE"), "+OK");
    switch.turn_to(Some(replica.address()));
    assert_taken(&claims, "id").await;
    // The replica has the owner and the expiry.
    claims.settle("id", "ours").await.unwrap();
    assert!(matches!(
        of_replica.claim("id", "theirs", TTL).await.unwrap(),
        Claim::Taken { settled: true, .. }
    ));
    let left: u64 = replica.run("PTTL openrouter-oauth:claim:id")[1..].parse().unwrap();
    assert!((1..=600_000).contains(&left), "{left}");
    claims.release("id", "ours").await.unwrap();
    assert_eq!(of_replica.claim("id", "theirs", TTL).await.unwrap(), Claim::Won);
}

#[tokio::test]
async fn lost_machine_is_replaced_after_one_timeout() {
    // The machine of the primary is gone: its connections stay open, but silent.
    let (Some(primary), Some(replica)) = (Redis::start(), Redis::start()) else { return };
    let switch = Switch::start(primary.address()).await;
    let claims = redis_claims(&format!("redis://{}/", switch.address()));
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    replicate(&primary, &replica).await;
    primary.pause();
    assert_eq!(replica.run("REPLICAOF NO ONE"), "+OK");
    switch.turn_new_to(replica.address());
    timeout(DEADLINE, claims.claim("id", "theirs", TTL)).await.unwrap().unwrap_err();
    let claim = timeout(DEADLINE, claims.claim("id", "theirs", TTL)).await.unwrap().unwrap();
    assert!(matches!(claim, Claim::Taken { .. }), "{claim:?}");
}

#[tokio::test]
async fn demoted_primary_is_left_after_one_error() {
    let (Some(primary), Some(replica)) = (Redis::start(), Redis::start()) else { return };
    let switch = Switch::start(primary.address()).await;
    let claims = redis_claims(&format!("redis://{}/", switch.address()));
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    replicate(&primary, &replica).await;
    assert_eq!(replica.run("REPLICAOF NO ONE"), "+OK");
    switch.turn_new_to(replica.address());
    replicate(&replica, &primary).await;
    claims.claim("new", "theirs", TTL).await.unwrap_err();
    assert_eq!(claims.claim("new", "theirs", TTL).await.unwrap(), Claim::Won);
}

#[tokio::test]
async fn promoted_replica_lacks_the_claims_that_it_missed() {
    let (Some(mut primary), Some(replica)) = (Redis::start(), Redis::start()) else { return };
    let switch = Switch::start(primary.address()).await;
    let claims = redis_claims(&format!("redis://{}/", switch.address()));
    replicate(&primary, &replica).await;
    // The replica stops receiving, so the primary acknowledges a claim that it alone has.
    replica.run("REPLICAOF NO ONE");
    assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
    assert_taken(&claims, "id").await;
    primary.kill();
    switch.turn_to(Some(replica.address()));
    // Then only OpenRouter's single use of a code remains, as the documentation says.
    assert_eq!(claim_until_it_responds(&claims, "id", "theirs").await, Claim::Won);
}

#[tokio::test]
async fn invalid_redis_settings_are_errors_without_the_password() {
    let Some(redis) = Redis::start() else { return };
    let without_tls = redis.url().replace("redis://", "rediss://user:canary@");
    let wrong_password = redis.url().replace("redis://", "redis://user:canary@");
    let closed = "redis://user:canary@127.0.0.1:1/";
    for url in ["canary", "http://canary/", &without_tls] {
        let error = RedisClaims::open(url).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    for url in [&wrong_password, closed] {
        let error = redis_claims(url).claim("id", "ours", TTL).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    let claims = redis_claims(&redis.url());
    assert_eq!(format!("{claims:?}"), r#"RedisClaims { prefix: "openrouter-oauth:claim:", .. }"#);
}

fn redis_claims(url: &str) -> RedisClaims {
    RedisClaims::open(url).unwrap()
}

/// Makes `replica` a replica of `primary`, and waits until it has the data.
async fn replicate(primary: &Redis, replica: &Redis) {
    replica.replicate(primary);
    primary.run("SET marker here");
    wait_until("the replica receives the data", || replica.run("GET marker") == "$4\r\nhere").await;
}

/// Claims as another owner than `ours`, and expects that `ours` holds the claim.
async fn assert_taken(claims: &impl Claims, id: &str) {
    let claim = claim_until_it_responds(claims, id, "theirs").await;
    assert!(matches!(claim, Claim::Taken { settled: false, .. }), "{claim:?}");
}

/// Claims again with the same owner after an error, like a sign-in. The first errors come from the broken connection.
async fn claim_until_it_responds(claims: &impl Claims, id: &str, owner: &str) -> Claim {
    let begin = Instant::now();
    loop {
        match claims.claim(id, owner, TTL).await {
            Ok(claim) => return claim,
            Err(error) => assert!(begin.elapsed() < wait::TIMEOUT, "{error}"),
        }
    }
}

/// Expects that each call fails before a sign-in stops to wait for it.
async fn assert_fails_in_time(claims: &impl Claims) {
    let claim = async { claims.claim("new", "theirs", TTL).await.map(|_| ()) };
    timeout(DEADLINE, claim).await.unwrap().unwrap_err();
    timeout(DEADLINE, claims.settle("new", "theirs")).await.unwrap().unwrap_err();
    timeout(DEADLINE, claims.release("new", "theirs")).await.unwrap().unwrap_err();
}
