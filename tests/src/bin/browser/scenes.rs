//! The scenes, in the order in which they run.

mod attacks;
mod ends;
mod looks;
mod opened;
mod tabs;

use std::pin::Pin;

use openrouter_oauth_emulator::{DenialBehavior, Settings};
use openrouter_oauth_tests::Result;

use crate::session::BrowserSession;

pub(crate) struct Scene {
    /// The claim that the scene checks, as a sentence.
    pub(crate) name: &'static str,
    pub(crate) settings: fn() -> Settings,
    pub(crate) run: for<'a> fn(&'a BrowserSession<'a>) -> SceneFuture<'a>,
}

pub(crate) type SceneFuture<'a> = Pin<Box<dyn Future<Output = Result> + 'a>>;

macro_rules! scene {
    ($name:literal, $run:path $(, $settings:expr)?) => {
        Scene {
            name: $name,
            settings: || Settings::default()$(.denial($settings))?,
            run: |session| Box::pin($run(session)),
        }
    };
}

pub(crate) const ALL: &[Scene] = &[
    scene!("a user who approves is signed in, and the page says so", ends::approve),
    scene!("a user who denies sees that no key was created", ends::deny),
    scene!("a silent denial leaves the login waiting", ends::deny_silently, DenialBehavior::Silent),
    scene!("a closed tab leaves the login waiting, and can be opened again", ends::close_the_tab),
    scene!("a rejected code is shown as a failure", ends::code_is_rejected),
    scene!("a lost response is shown as an unknown outcome", ends::response_is_lost),
    scene!("a key that cannot be stored is printed instead", ends::cannot_store),
    scene!("a user can copy a code from the page and paste it", ends::paste_the_code),
    scene!("reloading the result page repeats nothing", tabs::reload),
    scene!("approving again after going back creates no second key", tabs::go_back),
    scene!("one of two tabs succeeds, and the other shows why it did not", tabs::approve_in_two_tabs),
    scene!("a page of another origin cannot end a login without knowing its path", attacks::without_the_path),
    scene!("a page of another origin cannot end a login even if it knows its path", attacks::with_the_path),
    scene!("the listener rejects another name of this machine", attacks::by_another_name),
    scene!("the program in BROWSER gets the URL as one argument, and no secret", opened::by_a_program),
    scene!("the pages are readable in dark mode, on phones, and by screen readers", looks::readable),
];
