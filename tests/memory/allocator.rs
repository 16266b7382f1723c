//! An allocator that records where a block was allocated and whether it contains a secret when it is freed. It can also
//! zero freed blocks.

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

/// The system's allocator, or the zeroing one around it that DESIGN.md recommends.
struct WatchingAllocator {
    zeroing: ZeroAlloc<System>,
}

#[global_allocator]
static ALLOCATOR: WatchingAllocator = WatchingAllocator { zeroing: ZeroAlloc(System) };

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

thread_local! {
    /// Whether this thread runs the watch's own code, whose blocks do not count.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// The state of the watch, from [`begin`] to [`end`].
struct Watch {
    zeroes_freed: bool,
    secrets: Vec<MaskedSecret>,
    /// The blocks in use, by their address.
    live: HashMap<usize, LiveBlock>,
    freed: Vec<FreedBlock>,
}

struct LiveBlock {
    end: usize,
    allocated_at: Option<Backtrace>,
}

/// A block that contained a secret when it was freed.
pub(crate) struct FreedBlock {
    pub(crate) block: Range<usize>,
    /// Where it was allocated. Not recorded if freed blocks are zeroed.
    pub(crate) allocated_at: Option<Backtrace>,
}

/// The result of a watch.
pub(crate) struct WatchReport {
    /// Blocks that were freed with a secret in them.
    pub(crate) freed: Vec<FreedBlock>,
    /// Blocks that were allocated during the watch and are still in use.
    pub(crate) live: Vec<Range<usize>>,
}

/// Begins to watch for `secrets`. If `zeroes_freed` is set, zeroes freed blocks.
pub(crate) fn begin(secrets: &[MaskedSecret], zeroes_freed: bool) {
    let secrets = secrets.to_vec();
    with_watch(|watch| {
        *watch = Some(Watch { zeroes_freed, secrets, live: HashMap::new(), freed: Vec::new() });
    });
}

/// Ends the watch and returns its result.
pub(crate) fn end() -> WatchReport {
    let watch = with_watch(Option::take).flatten().unwrap();
    let live = watch.live.iter().map(|(start, live)| *start..live.end).collect();
    WatchReport { freed: watch.freed, live }
}

/// Runs `work` on the watch. Does nothing if this thread is already inside such a call.
fn with_watch<T>(work: impl FnOnce(&mut Option<Watch>) -> T) -> Option<T> {
    if IS_INSIDE.replace(true) {
        return None;
    }
    let output = work(&mut WATCH.lock().unwrap_or_else(PoisonError::into_inner));
    IS_INSIDE.set(false);
    Some(output)
}

/// Smaller blocks cannot hold a secret.
const MIN_BLOCK_BYTES: usize = 32;

// SAFETY: memory comes from `System` and returns to it, through `ZeroAlloc` or directly. `realloc` is the default one:
// it frees the old block, so the watch sees it.
#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
unsafe impl GlobalAlloc for WatchingAllocator {
    /// Zeroes each new block, so that a secret in a freed block must come from the block's owner.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the same contract.
        let block = unsafe { System.alloc_zeroed(layout) };
        if layout.size() >= MIN_BLOCK_BYTES {
            with_watch(|watch| {
                let Some(watch) = watch else { return };
                let allocated_at = (!watch.zeroes_freed).then(Backtrace::force_capture);
                watch
                    .live
                    .insert(block as usize, LiveBlock { end: block as usize + layout.size(), allocated_at });
            });
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the whole block was zeroed when it was allocated, and nothing else uses it while it is freed.
        let bytes = unsafe { slice::from_raw_parts(block, layout.size()) };
        let zeroes =
            with_watch(|watch| watch.as_mut().is_some_and(|watch| watch.inspect(bytes))).unwrap_or(false);
        // SAFETY: the caller upholds the same contract, and `ZeroAlloc` takes its blocks from `System`.
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
    /// Searches a block that is being freed. Returns whether to zero it.
    fn inspect(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() >= MIN_BLOCK_BYTES {
            let start = bytes.as_ptr() as usize;
            let allocated_at = self.live.remove(&start).and_then(|live| live.allocated_at);
            if self.secrets.iter().any(|secret| secret.is_in(bytes)) {
                self.freed.push(FreedBlock { block: start..start + bytes.len(), allocated_at });
            }
        }
        self.zeroes_freed
    }
}
