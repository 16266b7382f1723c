//! Scenes of the web application in `tests/consumers/web`: on loopback, and as two instances behind TLS.

mod application;
mod deployment;
mod secrets;
mod tls_front_end;
mod web_user;

mod elsewhere;
mod ends;
mod history;
mod instances;
mod logs;
mod looks;
mod policies;
mod prefetch;
mod reload;
mod tabs;
mod tossed;

use std::pin::Pin;

use openrouter_oauth_tests::{Result, webdriver::ChromeDriver};

pub(crate) use self::deployment::{Deployment, FrontEnd};
use self::web_user::WebUser;
use crate::looks::Screenshots;

pub(crate) struct WebScene {
    /// The claim that the scene checks, as a sentence.
    pub(crate) name: &'static str,
    front_ends: &'static [FrontEnd],
    run: for<'a> fn(&'a WebUser<'a>) -> SceneFuture<'a>,
}

type SceneFuture<'a> = Pin<Box<dyn Future<Output = Result> + 'a>>;

impl WebScene {
    pub(crate) fn is_for(&self, front_end: FrontEnd) -> bool {
        self.front_ends.contains(&front_end)
    }

    /// Runs the scene with a new user in a new browser.
    pub(crate) async fn run(
        &self,
        driver: &ChromeDriver,
        deployment: &Deployment,
        screenshots: Screenshots<'_>,
    ) -> Result {
        deployment.begin_scene().await?;
        let user = WebUser::start(driver, deployment, screenshots).await?;
        let result = (self.run)(&user).await;
        let closed = user.close().await.map(drop);
        result.and(closed)
    }
}

const LOOPBACK: &[FrontEnd] = &[FrontEnd::None];
const TLS: &[FrontEnd] = &[FrontEnd::Tls];
const BOTH: &[FrontEnd] = &[FrontEnd::None, FrontEnd::Tls];

macro_rules! scene {
    ($name:literal, $front_ends:expr, $run:path) => {
        WebScene { name: $name, front_ends: $front_ends, run: |user| Box::pin($run(user)) }
    };
}

pub(crate) const ALL: &[WebScene] = &[
    scene!("a user who approves sees the key's label, limit, and usage", BOTH, ends::approve),
    scene!("a Strict cookie would not come back", TLS, ends::strict_cookie),
    scene!("a user who denies can start again", LOOPBACK, ends::deny),
    scene!("five tabs come back in any order, and a sixth replaces the oldest", TLS, tabs::in_any_order),
    scene!("approving again after going back repeats nothing", BOTH, history::go_back_after_approval),
    scene!("denying after going back changes nothing", BOTH, history::go_back_after_denial),
    scene!("going back after a sign-out shows no key", BOTH, history::go_back_after_sign_out),
    scene!("a callback that connected shows that it has ended", LOOPBACK, reload::connected),
    scene!("a callback that was denied says so again", LOOPBACK, reload::denied),
    scene!("a callback that was rejected says so again", LOOPBACK, reload::rejected),
    scene!("a callback that came too late says so again", LOOPBACK, reload::expired),
    scene!("a callback with an unknown outcome says so again", LOOPBACK, reload::unknown),
    scene!("a callback with its first cookie is not exchanged again", BOTH, reload::with_the_first_cookie),
    scene!("reloading while the exchange runs waits for its end", BOTH, reload::while_it_runs),
    scene!("reloading a callback continues once the service is back", TLS, reload::try_again),
    scene!(
        "a callback of another user sends nothing, and waits for its own",
        LOOPBACK,
        elsewhere::another_user
    ),
    scene!("a callback in another browser sends nothing", LOOPBACK, elsewhere::another_browser),
    scene!("a callback that a page prefetches is not used", LOOPBACK, prefetch::prefetch),
    scene!("a callback that a page prerenders is not used", TLS, prefetch::prerender),
    scene!("all pages are readable, in light and dark mode, and on phones", LOOPBACK, looks::readable),
    scene!("without settings, the application starts an emulator", LOOPBACK, instances::without_settings),
    scene!(
        "another port can end a sign-in on loopback, but no code is exchanged",
        LOOPBACK,
        tossed::replaced_by_another_port
    ),
    scene!("a sibling host cannot replace a cookie", TLS, tossed::replaced_by_sibling),
    scene!("too many cookies of a sibling host end in a page, and use no code", TLS, tossed::too_many),
    scene!("form-action 'self' blocks the form, but not the link", TLS, policies::form_action),
    scene!("after no-referrer, one more press begins the sign-in", TLS, policies::no_referrer),
    scene!("a callback goes to another instance if one is dead", TLS, instances::one_is_dead),
    scene!("if an instance dies in the exchange, the other does not repeat it", TLS, instances::one_dies),
    scene!("while all instances are down, a callback waits for a reload", TLS, instances::all_die),
    // It comes last, because it searches what the others left.
    scene!("the recipes keep codes, keys, and cookies out of all logs", BOTH, logs::without_secrets),
];
