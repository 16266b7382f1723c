//! Reads the output of callgrind.
//!
//! Format: <https://valgrind.org/docs/manual/cl-format.html>, with one event (instructions) and one position (lines).

use std::collections::HashMap;

/// The costs of a run. The numbers are `f64`, which is exact for counts of this size.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Instructions by function, excluding the functions that it calls.
    pub(crate) own: HashMap<String, f64>,
    /// Instructions by function, including the functions that it calls.
    pub(crate) inclusive: HashMap<String, f64>,
}

impl Profile {
    /// Parses callgrind's file. `None` if the format is wrong.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut profile = Self::default();
        let mut names = HashMap::new();
        let mut function = "";
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = resolve(&mut names, name)?;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                resolve(&mut names, name)?;
            } else if line.starts_with("calls=") {
                // The next line has the cost of the called function.
                add(&mut profile.inclusive, function, cost(lines.next()?)?);
            } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
                add(&mut profile.own, function, cost(line)?);
                add(&mut profile.inclusive, function, cost(line)?);
            }
        }
        Some(profile)
    }

    /// Returns the number of all instructions.
    pub(crate) fn instructions(&self) -> f64 {
        self.own.values().sum()
    }
}

/// Returns the name in `(12) name`, which defines number 12, or the name of that number in `(12)`.
fn resolve<'a>(names: &mut HashMap<&'a str, &'a str>, text: &'a str) -> Option<&'a str> {
    let (number, name) = text.split_once(')')?;
    if let Some(name) = name.strip_prefix(' ') {
        names.insert(number, name);
    }
    names.get(number).copied()
}

/// Returns the instructions in a line with a position and a cost.
fn cost(line: &str) -> Option<f64> {
    line.split(' ').nth(1)?.parse().ok()
}

fn add(costs: &mut HashMap<String, f64>, function: &str, cost: f64) {
    match costs.get_mut(function) {
        Some(sum) => *sum += cost,
        None => {
            costs.insert(function.to_owned(), cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_adds_up_costs_and_calls() {
        let text = "\
# callgrind format
positions: line
events: Ir
summary: 130

fn=(1) main
12 10
cfn=(2) malloc
calls=2 7
+3 100
fn=(2)
7 60
* 40
fn=(1)
-1 20
";
        let profile = Profile::read(text).unwrap();
        assert_eq!(profile.instructions().to_bits(), 130_f64.to_bits());
        assert_eq!(profile.own["main"].to_bits(), 30_f64.to_bits());
        assert_eq!(profile.inclusive["main"].to_bits(), 130_f64.to_bits());
        assert_eq!(profile.inclusive["malloc"].to_bits(), 100_f64.to_bits());
        assert!(Profile::read("fn=(3)\n").is_none());
    }
}
