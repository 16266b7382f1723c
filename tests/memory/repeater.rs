//! The server, in another process.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// The process of the program `repeater`. It ends when this value is dropped.
pub(crate) struct Repeater {
    process: Child,
    ports: [u16; 2],
    pub(crate) certificate: Vec<u8>,
}

impl Repeater {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_repeater"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let digits = words[2].as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).unwrap());
        let certificate = digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect();
        Self { process, ports: [words[0].parse().unwrap(), words[1].parse().unwrap()], certificate }
    }

    pub(crate) fn port(&self, is_secure: bool) -> u16 {
        self.ports[usize::from(is_secure)]
    }
}

impl Drop for Repeater {
    fn drop(&mut self) {
        // The process exits when its standard input closes.
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}
