//! Detects whether a browser can reach this process.

use std::{env, fmt, path::Path};

/// The reason why no browser can reach this process.
///
/// ```
/// use openrouter_oauth_login::Headless;
///
/// if let Some(reason) = Headless::detect() {
///     println!("{reason}, so you need to paste a code");
/// }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Headless {
    /// The user is at another machine, connected by SSH.
    Ssh,
    /// The process runs in a container, which has its own loopback interface.
    Container,
    /// There is no display for a browser.
    NoDisplay,
}

impl Headless {
    /// Checks environment variables and the marker files of containers.
    ///
    /// The result is only a hint: a variable may be left over from another session, and a port may be forwarded. Let
    /// the user override it with [`Login::headless`](crate::Login::headless).
    pub fn detect() -> Option<Self> {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        Self::detect_by(is_set, |path| Path::new(path).exists(), cfg!(target_os = "linux"))
    }

    fn detect_by(
        is_set: impl Fn(&str) -> bool,
        exists: impl Fn(&str) -> bool,
        is_linux: bool,
    ) -> Option<Self> {
        let any_set = |names: &[&str]| names.iter().any(|name| is_set(name));
        let has_display = any_set(DISPLAYS);
        let is_container = any_set(CONTAINERS) || CONTAINER_FILES.iter().any(|path| exists(path));
        if any_set(SSH) {
            Some(Self::Ssh)
        } else if any_set(WORKSPACES) || (is_container && !has_display) {
            Some(Self::Container)
        } else if is_linux && !has_display && !any_set(BROWSERS) {
            Some(Self::NoDisplay)
        } else {
            None
        }
    }
}

impl fmt::Display for Headless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ssh => "this is an SSH session",
            Self::Container => "this is a container",
            Self::NoDisplay => "there is no display",
        })
    }
}

/// Set by `sshd`.
const SSH: &[&str] = &["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];

/// Set if the user works in a remote editor, which may forward its display to the container.
const WORKSPACES: &[&str] = &["CODESPACES", "REMOTE_CONTAINERS", "GITPOD_WORKSPACE_ID"];

/// Set in containers by podman, systemd, flatpak, and Kubernetes.
const CONTAINERS: &[&str] = &["container", "KUBERNETES_SERVICE_HOST"];

/// Created by Docker and podman.
const CONTAINER_FILES: &[&str] = &["/.dockerenv", "/run/.containerenv"];

/// A container with a display, such as a flatpak or toolbox container, shares the user's display and browser.
const DISPLAYS: &[&str] = &["DISPLAY", "WAYLAND_DISPLAY"];

/// Set if there is a browser despite the missing display: the one that `BROWSER` names, or under WSL that of Windows.
const BROWSERS: &[&str] = &["BROWSER", "WSL_DISTRO_NAME", "WSL_INTEROP"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: &[&str], expected: Option<Headless>) {
        let names = |wanted: &str| set.contains(&wanted);
        assert_eq!(Headless::detect_by(names, names, true), expected, "{set:?}");
    }

    #[test]
    fn display_or_browser_is_not_headless() {
        for set in [
            &["DISPLAY"][..],
            &["WAYLAND_DISPLAY"],
            &["BROWSER"],
            &["WSL_DISTRO_NAME"],
            &["WSL_INTEROP"],
            &["container", "DISPLAY"],
            &["/run/.containerenv", "WAYLAND_DISPLAY"],
        ] {
            check(set, None);
        }
    }

    #[test]
    fn ssh_container_or_no_display_is_headless() {
        check(&[], Some(Headless::NoDisplay));
        for name in ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"] {
            check(&[name], Some(Headless::Ssh));
            check(&[name, "DISPLAY", "BROWSER", "/.dockerenv"], Some(Headless::Ssh));
        }
        for mark in ["/.dockerenv", "/run/.containerenv", "container", "KUBERNETES_SERVICE_HOST"] {
            check(&[mark], Some(Headless::Container));
            check(&[mark, "BROWSER"], Some(Headless::Container));
        }
        for name in ["CODESPACES", "REMOTE_CONTAINERS", "GITPOD_WORKSPACE_ID"] {
            check(&[name, "DISPLAY", "BROWSER"], Some(Headless::Container));
        }
    }

    #[test]
    fn other_systems_have_a_display() {
        assert_eq!(Headless::detect_by(|_| false, |_| false, false), None);
        assert_eq!(Headless::detect_by(|name| name == "SSH_TTY", |_| false, false), Some(Headless::Ssh));
    }
}
