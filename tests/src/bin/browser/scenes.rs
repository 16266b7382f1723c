//! The scenes, in the order in which they are played.

mod attacks;
mod ends;
mod looks;
mod opened;
mod tabs;

use std::pin::Pin;

use openrouter_oauth_emulator::{DenialBehavior, Settings};

use crate::{Result, session::Stage};

pub(crate) struct Scene {
    /// What is shown, as a true sentence.
    pub(crate) name: &'static str,
    pub(crate) settings: fn() -> Settings,
    pub(crate) play: for<'a> fn(&'a Stage<'a>) -> Playing<'a>,
}

pub(crate) type Playing<'a> = Pin<Box<dyn Future<Output = Result> + Send + 'a>>;

macro_rules! scene {
    ($name:literal, $play:path $(, $settings:expr)?) => {
        Scene {
            name: $name,
            settings: || Settings::default()$(.denial($settings))?,
            play: |stage| Box::pin($play(stage)),
        }
    };
}

pub(crate) const ALL: &[Scene] = &[
    scene!("who approves is signed in, and the page says so", ends::approve),
    scene!("who denies is told that nothing was made", ends::deny),
    scene!(
        "a denial that OpenRouter keeps to itself leaves the login waiting",
        ends::deny_silently,
        DenialBehavior::Silent
    ),
    scene!("a tab that is closed leaves the login waiting, and it can be opened again", ends::close_the_tab),
    scene!("a code that is refused is shown as no key", ends::refuse_the_code),
    scene!("an answer that is lost is shown as an unknown outcome", ends::lose_the_answer),
    scene!("a key that cannot be stored is shown, and is not lost", ends::cannot_store),
    scene!("the page that shows a code brings it by the clipboard of a user", ends::paste_the_code),
    scene!("the result page cannot be loaded again, and nothing happens twice", tabs::reload),
    scene!("back at the form, another press brings no second key", tabs::go_back),
    scene!("of two tabs one wins, and the other is told", tabs::approve_in_two_tabs),
    scene!(
        "a page of another origin cannot end a login whose path it does not know",
        attacks::without_the_path
    ),
    scene!("nor one whose path it knows", attacks::with_the_path),
    scene!("a name that points to this machine is not this machine", attacks::by_another_name),
    scene!("BROWSER gets the URL as one argument, and no secret", opened::by_a_program),
    scene!("the pages are readable in the dark, on a phone, and aloud", looks::readable),
];
