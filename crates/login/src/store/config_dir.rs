//! The default folder for keys.

use std::{ffi::OsString, path::PathBuf};

use openrouter_oauth::InvalidValue;

use crate::StoreError;

/// Returns the user's configuration folder by the XDG Base Directory Specification, which ignores relative paths.
#[cfg(not(windows))]
pub(super) fn config_dir(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, StoreError> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".config")))
        .ok_or(StoreError::NoFolder { variable: "HOME" })
}

/// Returns the user's folder for the data of programs on this machine. `%APPDATA%` would be wrong: with a roaming
/// profile, Windows copies it to a server and to every machine where the user signs in.
#[cfg(windows)]
pub(super) fn config_dir(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, StoreError> {
    let folder = variable("LOCALAPPDATA").map(PathBuf::from).filter(|path| path.is_absolute());
    folder.ok_or(StoreError::NoFolder { variable: "LOCALAPPDATA" })
}

/// Checks a program's name, which becomes part of a path and of the name of a keychain item.
pub(super) fn check_program(name: &str) -> Result<(), InvalidValue> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=64).contains(&name.len()) && name.bytes().all(is_allowed) {
        return Ok(());
    }
    Err(InvalidValue::new("program name", "must have 1 to 64 letters, digits, '-', or '_'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: Option<&str>) {
        let folder = config_dir(|name| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value))
        });
        assert_eq!(folder.ok(), expected.map(PathBuf::from), "{variables:?}");
    }

    #[cfg(windows)]
    #[test]
    fn config_dir_is_not_part_of_the_roaming_profile() {
        // F57
        check(&[("LOCALAPPDATA", r"C:\u\Local"), ("APPDATA", r"C:\u\Roaming")], Some(r"C:\u\Local"));
        check(&[("APPDATA", r"C:\u\Roaming")], None);
        check(&[("LOCALAPPDATA", "Local")], None);
        check(&[("LOCALAPPDATA", r"\Local")], None);
        check(&[("LOCALAPPDATA", "")], None);
    }

    #[cfg(not(windows))]
    #[test]
    fn config_dir_ignores_relative_paths() {
        // F57
        check(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/home/u")], Some("/x"));
        check(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/home/u")], Some("/home/u/.config"));
        check(&[("XDG_CONFIG_HOME", ""), ("HOME", "/home/u")], Some("/home/u/.config"));
        check(&[("HOME", "u")], None);
        check(&[("HOME", "")], None);
        check(&[], None);
    }

    #[test]
    fn program_name_cannot_change_the_folder() {
        assert!(check_program("my-cli_2").is_ok());
        for bad in ["", ".", "..", "../evil", "a/b", "a.b", "a b", "a\0", "\u{e4}", &"a".repeat(65)] {
            assert!(check_program(bad).is_err(), "{bad:?}");
        }
    }
}
