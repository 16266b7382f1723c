//! Runs workers under callgrind.

use std::{
    env, fs,
    process::{Command, Stdio},
    thread,
};

use openrouter_oauth_tests::Result;
use tempfile::TempDir;

use crate::{
    limit::{Counts, Measured},
    profile::Profile,
    row::{Row, Work},
    server::ServerProcess,
    side::HAND,
    worker::{MEASURED, Usage, Worker},
};

/// The profiles of both sides of a row.
pub(crate) struct Measurement {
    pub(crate) hand: SideProfile,
    pub(crate) sdk: SideProfile,
    body_bytes: usize,
}

/// The profile of one side of a row.
pub(crate) struct SideProfile {
    profile: Profile,
    allocations: u64,
    units: f64,
}

impl Measurement {
    /// Measures the side by hand and, at the same time, the side with the name `sdk`.
    pub(crate) fn new(row: &'static Row, sdk: &'static str, server: &ServerProcess) -> Result<Self> {
        thread::scope(|scope| {
            let hand = scope.spawn(|| SideProfile::new(row, HAND, server));
            let sdk = SideProfile::new(row, sdk, server)?;
            let hand = hand.join().map_err(|_| "the measurement by hand panicked")??;
            Ok(Self { hand, sdk, body_bytes: row.response.body().len() })
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a body has a few KiB")]
    pub(crate) fn measured(&self) -> Measured {
        Measured { hand: self.hand.counts(), sdk: self.sdk.counts(), body_bytes: self.body_bytes as f64 }
    }
}

impl SideProfile {
    fn new(row: &'static Row, side: &'static str, server: &ServerProcess) -> Result<Self> {
        let toggle = format!("--toggle-collect={MEASURED}");
        let options = match row.work {
            // Starting is part of the work.
            Work::Process => &[][..],
            _ => &[&*toggle],
        };
        let worker = Worker { side, row, repetitions: row.repetitions };
        let (profile, output) = profile(options, |command| worker.configure(command, server))?;
        Ok(Self { profile, allocations: Usage::parse(&output)?.allocations, units: row.units() })
    }

    /// Returns a count of the profile, for one unit of work.
    pub(crate) fn per_unit(&self, count: impl Fn(&Profile) -> f64) -> f64 {
        count(&self.profile) / self.units
    }

    /// Returns the names of all functions that ran.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.profile.inclusive.keys().map(String::as_str)
    }

    #[expect(clippy::cast_precision_loss, reason = "a run has fewer than 2^53 allocations")]
    fn counts(&self) -> Counts {
        Counts {
            instructions: self.per_unit(Profile::instructions).round(),
            allocations: (self.allocations as f64 / self.units).round(),
        }
    }
}

/// Runs this program under callgrind, with these options. `configure` adds the arguments of the program. Returns the
/// profile and the output.
pub(crate) fn profile(options: &[&str], configure: impl FnOnce(&mut Command)) -> Result<(Profile, String)> {
    let folder = TempDir::new()?;
    let file = folder.path().join("callgrind.out");
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .args(options)
        .arg(env::current_exe()?);
    configure(&mut command);
    let output = read(&mut command)?;
    let profile = Profile::read(&fs::read_to_string(&file)?).ok_or("cannot parse callgrind's file")?;
    Ok((profile, output))
}

/// Runs a command, and returns its output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("`{command:?}` failed ({})", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
