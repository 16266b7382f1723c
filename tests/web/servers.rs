//! The servers themselves: they start, lose or keep their data, and stop.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
};

use openrouter_oauth_tests::servers::{Nginx, Postgres, Redis, Switch};

use crate::wait::TIMEOUT;

#[test]
fn restarted_redis_loses_its_data() {
    let Some(mut redis) = Redis::start() else { return };
    redis.run("SET name value");
    redis.restart();
    assert_eq!(redis.run("GET name"), "$-1");
}

#[test]
fn restarted_durable_redis_keeps_its_data() {
    let Some(mut redis) = Redis::start_durable() else { return };
    redis.run("SET name value");
    redis.restart();
    assert_eq!(redis.run("GET name"), "$5\r\nvalue");
}

#[test]
fn dropped_redis_stops_even_if_paused() {
    let Some(redis) = Redis::start() else { return };
    let address = redis.address();
    redis.pause();
    drop(redis);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn dropped_nginx_stops() {
    // Like the other servers, at an address whose ports no other test takes.
    let configuration = |port| {
        format!(
            "events {{}} http {{ access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; \
             uwsgi_temp_path d; scgi_temp_path e; server {{ listen 127.0.0.6:{port}; return 204; }} }}"
        )
    };
    let Some(nginx) = Nginx::start(configuration, &[]) else { return };
    let address = (Ipv4Addr::new(127, 0, 0, 6), nginx.port());
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
    drop(nginx);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn dropped_postgres_stops() {
    let Some(mut postgres) = Postgres::start() else { return };
    let address = postgres.address();
    TcpStream::connect(address).unwrap();
    postgres.kill();
    assert!(TcpStream::connect(address).is_err());
    postgres.restart();
    TcpStream::connect(address).unwrap();
    drop(postgres);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn switch_turns_to_another_server() {
    let (Some(old), Some(new)) = (Redis::start(), Redis::start()) else { return };
    old.run("SET name old");
    new.run("SET name new");
    let switch = Switch::start(old.address()).await;
    let mut open = connect(&switch);
    assert_eq!(get_name(&mut open), "$3\r\nold\r\n");
    switch.turn_to(Some(new.address()));
    assert_eq!(open.read(&mut [0; 9]).unwrap(), 0, "the old connection is closed");
    assert_eq!(get_name(&mut connect(&switch)), "$3\r\nnew\r\n");
    switch.turn_to(None);
    assert_eq!(connect(&switch).read(&mut [0; 9]).unwrap_or(0), 0);
}

fn connect(switch: &Switch) -> TcpStream {
    let connection = TcpStream::connect(switch.address()).unwrap();
    connection.set_read_timeout(Some(TIMEOUT)).unwrap();
    connection
}

fn get_name(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET name\r\n").unwrap();
    let mut response = [0; 9];
    connection.read_exact(&mut response).unwrap();
    String::from_utf8_lossy(&response).into_owned()
}
