//! An allocator that knows who asked for a block, sees what is in it when it is freed, and zeroes it if it is told to.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    backtrace::Backtrace,
    cell::Cell,
    collections::HashMap,
    ops::Range,
    slice,
    sync::{Mutex, PoisonError},
};

use openrouter_oauth_tests::masked::MaskedSecret;
use zeroizing_alloc::ZeroAlloc;

/// The system's allocator, or the one that DESIGN.md recommends around it.
struct Watching {
    zeroing: ZeroAlloc<System>,
}

#[global_allocator]
static ALLOCATOR: Watching = Watching { zeroing: ZeroAlloc(System) };

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

thread_local! {
    /// Whether this thread is in the code of the watch, whose own blocks are not watched.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// What is watched for, from [`begin`] to [`end`].
struct Watch {
    zeroes: bool,
    secrets: Vec<MaskedSecret>,
    /// The blocks that were handed out and are not freed, by where they begin.
    live: HashMap<usize, Live>,
    freed: Vec<Freed>,
}

struct Live {
    end: usize,
    asker: Option<Backtrace>,
}

/// A block that held a secret when it was freed.
pub(crate) struct Freed {
    pub(crate) block: Range<usize>,
    /// Who asked for it. Not noted where what is freed is zeroed.
    pub(crate) asker: Option<Backtrace>,
}

/// What came of a watch.
pub(crate) struct Seen {
    /// Blocks that were freed with a secret in them.
    pub(crate) freed: Vec<Freed>,
    /// Blocks of that time that are in use.
    pub(crate) live: Vec<Range<usize>>,
}

/// Watches from now on for `secrets`, and zeroes what is freed or not.
pub(crate) fn begin(secrets: &[MaskedSecret], zeroes: bool) {
    let secrets = secrets.to_vec();
    apart(|watch| *watch = Some(Watch { zeroes, secrets, live: HashMap::new(), freed: Vec::new() }));
}

/// Ends the watch, and tells what came of it.
pub(crate) fn end() -> Seen {
    let watch = apart(Option::take).flatten().unwrap();
    let live = watch.live.iter().map(|(start, live)| *start..live.end).collect();
    Seen { freed: watch.freed, live }
}

/// Does something with the watch; nothing if that is going on in this thread.
fn apart<T>(work: impl FnOnce(&mut Option<Watch>) -> T) -> Option<T> {
    if IS_INSIDE.replace(true) {
        return None;
    }
    let done = work(&mut WATCH.lock().unwrap_or_else(PoisonError::into_inner));
    IS_INSIDE.set(false);
    Some(done)
}

/// Blocks that are smaller hold no secret.
const LEAST: usize = 32;

// SAFETY: memory comes from `System` and goes back to it, by way of `ZeroAlloc` or without. `realloc` is the default one, which
// frees the old block and so shows it.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Watching {
    /// Zeroed, so that what stands in a block when it is freed was written by whoever had it.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller's.
        let block = unsafe { System.alloc_zeroed(layout) };
        if layout.size() >= LEAST {
            apart(|watch| {
                let Some(watch) = watch else { return };
                let asker = (!watch.zeroes).then(Backtrace::force_capture);
                watch.live.insert(block as usize, Live { end: block as usize + layout.size(), asker });
            });
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: all of it was zeroed when it was handed out, and until it is freed it is the caller's alone.
        let bytes = unsafe { slice::from_raw_parts(block, layout.size()) };
        let zeroes = apart(|watch| watch.as_mut().is_some_and(|watch| watch.see(bytes))).unwrap_or(false);
        // SAFETY: as the caller's; `ZeroAlloc` has its blocks of `System`.
        unsafe {
            if zeroes {
                self.zeroing.dealloc(block, layout);
            } else {
                System.dealloc(block, layout);
            }
        }
    }
}

impl Watch {
    /// Looks at a block that is being freed; whether it is to be zeroed.
    fn see(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() >= LEAST {
            let start = bytes.as_ptr() as usize;
            let asker = self.live.remove(&start).and_then(|live| live.asker);
            if self.secrets.iter().any(|secret| secret.is_in(bytes)) {
                self.freed.push(Freed { block: start..start + bytes.len(), asker });
            }
        }
        self.zeroes
    }
}
