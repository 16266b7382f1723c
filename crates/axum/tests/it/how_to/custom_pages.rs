//! The code of `docs/custom-pages.md`.

use openrouter_oauth_axum::{Outcome, Page, PageAction, PageKind};

fn page(page: &Page<'_>) -> String {
    let (title, content) = match (page.kind(), page.action()) {
        (PageKind::Ended(Outcome::Denied), PageAction::StartAgain(url)) => {
            let link = format!("<a href=\"{}\">Connect</a>", escape(url));
            ("Not connected", format!("<p>That is fine. {link} whenever you like.</p>\n"))
        }
        // Everything else, and what a later version adds, has the default content.
        _ => (page.title(), page.body_html()),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<title>{title} - my app</title>\n\
         <link rel=\"stylesheet\" href=\"/app.css\">\n<nav><a href=\"/\">my app</a></nav>\n\
         <main>\n{content}</main>\n</html>\n"
    )
}

/// Use the function of your template engine instead.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

mod tests {
    use axum::Router;
    use openrouter_oauth_axum::SignInRouter as _;
    use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};

    use super::*;
    use crate::support::{Browser, LocalUser, builder, connected};

    #[tokio::test]
    async fn page_of_a_denial_is_in_the_layout() {
        let (emulator, mut browser) = (Emulator::new(), Browser::default());
        let sign_in = builder(&emulator).pages(page).build().unwrap();
        let routes = Router::new().merge(sign_in.router::<LocalUser, _, _>(connected));
        let url = browser.press(&routes, "/openrouter?return_to=/a%3Fb%26c").await;
        let DecisionOutcome::Redirected(callback) = User::new(emulator).deny(&url).await.unwrap() else {
            panic!()
        };
        let redirect = browser.get(&routes, &callback).await;
        // The cookie now has the outcome.
        browser.keep(&redirect);
        let denied = browser.get(&routes, redirect.header("location")).await;
        assert!(denied.body.contains("<title>Not connected - my app</title>"), "{denied:?}");
        assert!(
            denied.body.contains("<a href=\"https://my.app/openrouter?return_to=%2Fa%3Fb%26c\">"),
            "{denied:?}"
        );
    }

    #[tokio::test]
    async fn other_pages_have_the_default_content() {
        let sign_in = builder(&Emulator::new()).pages(page).build().unwrap();
        let routes = Router::new().merge(sign_in.router::<LocalUser, _, _>(connected));
        let button = Browser::default().get(&routes, "/openrouter").await;
        assert!(
            button.body.contains("Continue to OpenRouter") && button.body.contains("<nav>"),
            "{button:?}"
        );
    }

    #[test]
    fn urls_are_escaped() {
        assert_eq!(escape("<b a='x'>&\""), "&lt;b a=&#39;x&#39;&gt;&amp;&quot;");
    }
}
