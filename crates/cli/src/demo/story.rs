//! Tells what the demo does: in words as it goes, or as JSON at the end.

use serde::Serialize;

use crate::{exit::Failure, output::Output};

pub(super) struct Story {
    output: Output,
    told: Told,
}

#[derive(Serialize)]
struct Told {
    server: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    title: &'static str,
    lines: Vec<String>,
}

impl Story {
    pub(super) fn begin(server: &str, output: Output) -> Result<Self, Failure> {
        output.words(&format!("OpenRouter's emulator is at {server}; its keys open nothing."))?;
        Ok(Self { output, told: Told { server: server.to_owned(), steps: Vec::new() } })
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &'static str) -> Result<(), Failure> {
        self.told.steps.push(Step { title, lines: Vec::new() });
        self.output.words(&format!("\n{}. {title}", self.told.steps.len()))
    }

    /// Says what happened in the step.
    pub(super) fn say(&mut self, line: String) -> Result<(), Failure> {
        self.output.words(&format!("   {line}"))?;
        if let Some(step) = self.told.steps.last_mut() {
            step.lines.push(line);
        }
        Ok(())
    }

    /// Says that all went well.
    pub(super) fn end(self) -> Result<(), Failure> {
        let words = format!("\nAll {} steps did what they should.", self.told.steps.len());
        self.output.result(&self.told, &words)
    }
}
