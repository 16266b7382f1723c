//! Many writers of one file, in threads and processes.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth_login::KeyStore;

use crate::support::store::{Ended, TestFolder, account, key, run, write};

const PROCESSES: u32 = 4;
const WRITERS: u32 = 25;
const TIMES: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn hundred_writers_keep_each_others_changes() {
    // S-7, F55
    let folder = TestFolder::new();
    folder.store().save(&account("reader"), &key("key")).await.unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut reads = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                let read = runtime.block_on(folder.store().load(&account("reader")));
                assert_eq!(read.unwrap(), Some(key("key")));
                #[cfg(unix)]
                assert_eq!(crate::support::store::mode(&folder.path), 0o600);
                reads += 1;
            }
            reads
        });
        let writers: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let task = format!("write {} {WRITERS} {TIMES}", process * WRITERS);
                let mut child = folder.child(&[], &task);
                scope.spawn(move || run(&mut child))
            })
            .collect();
        let ended: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        for ended in ended {
            assert_eq!(ended.unwrap(), Ended::Done);
        }
        assert!(reader.join().unwrap() > 10);
    });
    for writer in 0..PROCESSES * WRITERS {
        let last = folder.store().load(&account(&format!("writer-{writer}"))).await.unwrap();
        assert_eq!(last, Some(key(&format!("key-{writer}-{TIMES}"))));
    }
    assert_eq!(folder.names(), ["cli.json", "cli.json.lock"]);
    folder.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_writers_leave_a_whole_file_and_no_lock() {
    // S-7, F55
    let folder = TestFolder::new();
    folder.store().save(&account("reader"), &key("key")).await.unwrap();
    for round in 0_u32..20 {
        let before = fs::read(&folder.path).unwrap();
        let mut child = folder.child(&[], "write 0 10 100000").spawn().unwrap();
        let start = Instant::now();
        // On Windows, reading can fail while the file is replaced.
        while !fs::read(&folder.path).is_ok_and(|now| now != before) {
            assert!(start.elapsed() < Duration::from_secs(60), "the writers wrote nothing");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(7 * round))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(folder.store().load(&account("reader")).await.unwrap(), Some(key("key")));
        folder.assert_private();
        write(&folder.store(), 10, 1, 1).await.unwrap();
        assert_eq!(folder.names(), ["cli.json", "cli.json.lock"]);
    }
}
