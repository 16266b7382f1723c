//! Processes that `strace` kills at each system call of a change, or whose system calls it makes fail.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};

use openrouter_oauth_login::KeyStore;

use crate::{
    support::store::{Ended, TestFolder, account, key, run},
    tools::{Tool, needs},
};

/// Records the system calls of a process, and injects faults.
const STRACE: Tool = Tool::new("strace", &["strace", "-qq", "-e", "none", "true"]);

/// Mounts file systems that are invisible to other processes.
const MOUNT_NAMESPACE: Tool = Tool::new(
    "unshare and the right to mount",
    &["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/tmp"],
);

/// A change to a store, and the keys before it.
struct Change {
    task: &'static str,
    /// The keys of `work` and `home` before the change.
    before: [Option<&'static str>; 2],
    /// The key of `work` after the change.
    after: Option<&'static str>,
}

const FIRST: Change = Change { task: "save work new-canary", before: [None; 2], after: Some("new-canary") };
const ONE_MORE: Change = Change {
    task: "save work new-canary",
    before: [Some("old-canary"), Some("home")],
    after: Some("new-canary"),
};
const LESS: Change = Change { task: "delete work", before: [Some("old-canary"), Some("home")], after: None };
const LAST: Change = Change { task: "delete work", before: [Some("old-canary"), None], after: None };

/// A check, which is a change without an effect on the keys.
const CHECK: Change =
    Change { task: "check work", before: [Some("old-canary"), Some("home")], after: Some("old-canary") };
const FIRST_CHECK: Change = Change { task: "check work", before: [None; 2], after: None };

impl Change {
    async fn folder(&self) -> TestFolder {
        let folder = TestFolder::new();
        for (name, text) in ["work", "home"].into_iter().zip(self.before) {
            if let Some(text) = text {
                folder.store().save(&account(name), &key(text)).await.unwrap();
            }
        }
        folder
    }

    /// Makes the change in a new folder, with this fault in its system calls.
    async fn run(&self, inject: &str) -> (TestFolder, Ended, Vec<String>) {
        let folder = self.folder().await;
        let log = folder.root.path().join("strace");
        // Only calls that name one of these paths, or a file that was opened by one of them.
        let paths = [
            folder.root.path().to_owned(),
            folder.root.path().join("config"),
            folder.parent().to_owned(),
            folder.path.clone(),
            folder.sibling(".lock"),
            folder.sibling(".new"),
        ];
        let mut wrapper = vec!["strace", "-f", "-qq", "-y", "-e", "signal=none", "-o", log.to_str().unwrap()];
        for path in &paths {
            wrapper.extend(["-P", path.to_str().unwrap()]);
        }
        if !inject.is_empty() {
            wrapper.extend(["-e", inject]);
        }
        let ended = run(&mut folder.child(&wrapper, self.task));
        let log = fs::read_to_string(log).unwrap();
        // Each line begins with a process ID. strace splits a call if another thread stops during it: the lines after the
        // first begin with `<` or `?`. `fcntl` comes from the standard library, which checks in debug builds that a file
        // is open before it closes it.
        let calls = log.lines().filter_map(|line| Some(line.split_once(' ')?.1.trim_start().to_owned()));
        let begins =
            |call: &str| call.starts_with(|c: char| c.is_ascii_alphabetic()) && !call.starts_with("fcntl(");
        let calls = calls.filter(|call| begins(call)).collect();
        (folder, ended, calls)
    }

    /// Returns the system calls of the change as strace counts them: the name, and its number among calls of that name.
    async fn steps(&self) -> Vec<(String, usize)> {
        let (folder, ended, calls) = self.run("").await;
        assert_eq!(ended, Ended::Done);
        self.assert_old_or_new(&folder, Some(true), "undisturbed").await;
        assert!((12..40).contains(&calls.len()), "{calls:#?}");
        let names: Vec<_> = calls.iter().map(|call| call.split('(').next().unwrap().to_owned()).collect();
        let count = |n: usize| names[..=n].iter().filter(|name| **name == names[n]).count();
        names.iter().enumerate().map(|(n, name)| (name.clone(), count(n))).collect()
    }

    /// Checks that the store has all of the old keys or all of the new ones, that only the user has access, and that
    /// the next change works and cleans up.
    async fn assert_old_or_new(&self, folder: &TestFolder, is_new: Option<bool>, what: &str) {
        folder.assert_private();
        let store = folder.store();
        let work = store.load(&account("work")).await.unwrap();
        let [old, new] = [self.before[0], self.after].map(|text| text.map(key));
        match is_new {
            Some(is_new) => assert_eq!(work, if is_new { new } else { old }, "{what}"),
            None => assert!(work == old || work == new, "{what}"),
        }
        assert_eq!(store.load(&account("home")).await.unwrap(), self.before[1].map(key), "{what}");
        store.save(&account("next"), &key("next")).await.unwrap();
        assert_eq!(folder.names(), ["cli.json", "cli.json.lock"], "{what}");
        folder.assert_private();
    }
}

#[tokio::test]
async fn kill_at_any_system_call_leaves_a_whole_file() {
    // S-6, F55
    needs!(STRACE);
    for change in [FIRST, ONE_MORE, LESS, LAST, CHECK, FIRST_CHECK] {
        for (n, (name, k)) in change.steps().await.into_iter().enumerate() {
            let (folder, ended, calls) = change.run(&format!("inject={name}:signal=SIGKILL:when={k}")).await;
            let what = format!("{}, at {name} {k}: {calls:#?}", change.task);
            assert_eq!((ended, calls.len()), (Ended::Killed, n + 1), "{what}");
            change.assert_old_or_new(&folder, None, &what).await;
        }
    }
}

#[tokio::test]
async fn failed_system_call_leaves_the_old_file() {
    // S-6, F55. Not ENOENT, which means that a file does not exist.
    needs!(STRACE);
    for (change, errors) in [
        (FIRST, &["EIO"][..]),
        (ONE_MORE, &["EIO", "ENOSPC", "EROFS", "EDQUOT", "ESTALE", "EMFILE"]),
        (LESS, &["EIO"]),
        (LAST, &["EIO"]),
        (CHECK, &["EIO", "ENOSPC", "EROFS", "EDQUOT", "ESTALE", "EMFILE"]),
        (FIRST_CHECK, &["EIO"]),
    ] {
        let steps = change.steps().await;
        for error in errors {
            for (name, k) in &steps {
                let (folder, ended, calls) =
                    change.run(&format!("inject={name}:error={error}:when={k}")).await;
                let call = calls.iter().find(|call| call.contains("(INJECTED)")).unwrap();
                let what = format!("{}, {error} at {call}: {ended:?}", change.task);
                let is_new = match &ended {
                    Ended::Done => Some(true),
                    // After the file was replaced, only the folder's sync can fail.
                    Ended::Failed(text) if text.contains("synced") => Some(true),
                    Ended::Failed(text) => {
                        assert!(!text.contains("canary") && text.contains("/config"), "{what}");
                        Some(false)
                    }
                    Ended::Killed => panic!("{what}"),
                };
                // A failing close has no effect, because the file was synced before.
                assert_eq!(ended == Ended::Done, call.starts_with("close("), "{what}");
                assert!(!folder.sibling(".new").exists(), "{what}");
                change.assert_old_or_new(&folder, is_new, &what).await;
            }
        }
    }
}

#[tokio::test]
async fn check_finds_every_failure_of_the_save_before_the_rename() {
    // S-6. Whatever the save does to a file or folder before it replaces the file, the check does too.
    needs!(STRACE);
    for (check, save) in [(FIRST_CHECK, FIRST), (CHECK, ONE_MORE)] {
        let (_, _, checked) = check.run("").await;
        let (_, _, saved) = save.run("").await;
        let name = |call: &String| call.split('(').next().unwrap().to_owned();
        let before_rename: Vec<_> = saved.iter().map(name).take_while(|call| call != "renameat").collect();
        let checked: Vec<_> = checked.iter().map(name).collect();
        assert_eq!(checked[..before_rename.len() - 1], before_rename[..before_rename.len() - 1]);
    }
}

#[tokio::test]
async fn new_file_is_on_disk_before_it_replaces_the_old() {
    // S-6
    needs!(STRACE);
    let (_, _, calls) = ONE_MORE.run("").await;
    let position = |call: &str, object: &str| {
        let found = calls.iter().position(|line| line.starts_with(call) && line.contains(object));
        found.unwrap_or_else(|| panic!("no {call} of {object} in {calls:#?}"))
    };
    let steps = [
        position("openat(", "cli.json.new\", O_WRONLY|O_CREAT|O_EXCL|"),
        position("write(", "cli.json.new>"),
        position("fsync(", "cli.json.new>"),
        position("renameat(", "cli.json.new"),
        position("fsync(", "/keys>"),
    ];
    assert!(steps.is_sorted(), "{steps:?}: {calls:#?}");
    for call in calls.iter().filter(|call| call.starts_with("openat(")) {
        assert!(call.contains("O_CLOEXEC"), "a child would inherit it: {call}");
        assert!(call.contains("O_NOFOLLOW"), "a link would lead elsewhere: {call}");
        assert!(!call.contains("O_CREAT") || call.contains(", 0600)"), "others could open it: {call}");
    }
}

#[tokio::test]
async fn full_disk_leaves_the_old_file() {
    // S-6, F55
    needs!(MOUNT_NAMESPACE);
    let folder = ONE_MORE.folder().await;
    let file = fs::read(&folder.path).unwrap();
    // A disk of 16 pages, all in use when the key is saved, in a namespace that ends with the shell.
    let script = r#"
        set -e
        folder=$(dirname "$TEST_STORE")
        mkdir -p "$folder.copy" && cp -p "$folder"/* "$folder.copy"
        mount -t tmpfs -o size=64k,mode=700 none "$folder"
        cp -p "$folder.copy"/* "$folder"
        cat /dev/zero > "$folder/filler" 2>/dev/null || true
        status=0
        "$0" "$@" || status=$?
        rm "$folder/filler"
        cp -p "$folder"/* "$folder.copy"
        exit $status
    "#;
    let ended =
        run(&mut folder.child(&["unshare", "--mount", "--map-root-user", "sh", "-c", script], ONE_MORE.task));
    assert_full(&ended);
    let copy = folder.root.path().join("config/keys.copy");
    assert_eq!(fs::read(copy.join("cli.json")).unwrap(), file);
    assert!(!copy.join("cli.json.new").exists());
    // The check finds out too.
    assert_full(&run(
        &mut folder.child(&["unshare", "--mount", "--map-root-user", "sh", "-c", script], CHECK.task)
    ));
    assert_eq!(fs::read(copy.join("cli.json")).unwrap(), file);
    assert!(!copy.join("cli.json.new").exists());
}

#[track_caller]
fn assert_full(ended: &Ended) {
    let Ended::Failed(text) = ended else { panic!("{ended:?}") };
    assert!(text.contains("cli.json.new") && text.contains("No space left on device"), "{text}");
}

/// Takes away root's right to ignore permissions. Other users do not have it.
const WITHOUT_OVERRIDE: [&str; 2] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];

/// Whether root can do that.
const SETPRIV: Tool = Tool::new(
    "setpriv and the right to give up rights",
    &["sh", "-c", "test $(id -u) != 0 || setpriv --bounding-set=-dac_override,-dac_read_search true"],
);

#[tokio::test]
async fn check_finds_a_read_only_folder() {
    needs!(SETPRIV);
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let wrapper = if is_root { &WITHOUT_OVERRIDE[..] } else { &[] };
    for change in [CHECK, FIRST_CHECK] {
        let folder = change.folder().await;
        let config = folder.root.path().join("config");
        fs::create_dir_all(&config).unwrap();
        let read_only = if folder.parent().exists() { folder.parent() } else { &config };
        fs::set_permissions(read_only, Permissions::from_mode(0o500)).unwrap();
        let before = fs::read(&folder.path).ok();
        for task in [change.task, "save work new-canary"] {
            let ended = run(&mut folder.child(wrapper, task));
            assert!(matches!(&ended, Ended::Failed(text) if text.contains("Permission denied")), "{ended:?}");
        }
        assert_eq!(fs::read(&folder.path).ok(), before);
        fs::set_permissions(read_only, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(run(&mut folder.child(wrapper, change.task)), Ended::Done);
    }
}

#[tokio::test]
async fn read_only_disk_can_be_read() {
    // F55
    needs!(MOUNT_NAMESPACE);
    let folder = ONE_MORE.folder().await;
    let script = r#"
        set -e
        folder=$(dirname "$TEST_STORE")
        mount --bind "$folder" "$folder" && mount -o remount,bind,ro "$folder"
        exec "$0" "$@"
    "#;
    let wrapper = ["unshare", "--mount", "--map-root-user", "sh", "-c", script];
    for task in ["save work new", "delete work", "check work"] {
        let ended = run(&mut folder.child(&wrapper, task));
        assert!(matches!(&ended, Ended::Failed(text) if text.contains("Read-only file system")), "{ended:?}");
    }
    assert_eq!(run(&mut folder.child(&wrapper, "load work old-canary")), Ended::Done);
}
