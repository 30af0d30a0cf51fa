//! Rows that refer to rows of the same table which have not been read yet, or wait themselves.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::key_map::KeyMap;
use super::{Existence, Rules, Source, Typed, Verdict};
use crate::row::{Batch, Key, Record, RowSource, fold};
use crate::schema::Table;

/// The records that wait, and the keys that they claim.
#[derive(Debug)]
pub struct Waiting {
    table: &'static Table,
    batch: Option<Batch>,
    /// By the indexes of the keys.
    claims: Vec<KeyMap>,
}

/// A row that may turn out valid together with others.
#[derive(Debug, Default)]
struct Candidate {
    position: usize,
    /// The numbers of the keys that it uses if it is accepted.
    claims: Vec<usize>,
    /// The numbers of the keys that it refers to; `None` if no row has it.
    needs: Vec<Option<usize>>,
}

impl Waiting {
    /// No waiting rows yet.
    pub fn new(table: &'static Table) -> Waiting {
        Waiting {
            table,
            batch: None,
            claims: table
                .keys
                .iter()
                .map(|key| KeyMap::new(key.collations))
                .collect(),
        }
    }

    /// Adds a record, given the keys that it claims, with their indexes.
    pub fn add<'k>(&mut self, record: Record, keys: impl Iterator<Item = (usize, Key<'k>)>) {
        let mut buffer = Vec::new();
        for (index, key) in keys {
            self.claims[index].insert(key.bytes(&mut buffer), 0);
        }
        let batch = self
            .batch
            .get_or_insert_with(|| Batch::new(record.header.clone().into()));
        batch.copy(record);
    }

    /// Whether a row that waits claims this key.
    pub fn claims(&self, index: usize, key: Key) -> bool {
        self.batch.is_some()
            && self.claims[index]
                .find(key.bytes(&mut Vec::new()))
                .is_some()
    }

    /// Takes the waiting records, leaving none.
    pub fn take(&mut self) -> Option<Batch> {
        let batch = self.batch.take();
        *self = Waiting::new(self.table);
        batch
    }
}

impl Rules {
    /// The sorted positions of a maximal set of rows that follow all rules if they are accepted together: no other row
    /// can be added, even together with the rows it needs.
    pub(super) fn jointly_valid<G: RowSource>(
        &self,
        typed: &mut Typed<G>,
        rows: usize,
    ) -> Vec<usize> {
        let end = std::mem::replace(&mut typed.source, Source::Input);
        let mut numbers = HashMap::new();
        let mut candidates = Vec::new();
        for position in 0..rows {
            match self.check(typed, position) {
                Verdict::Accepted | Verdict::Waiting { valid_so_far: true } => {}
                Verdict::Rejected(_)
                | Verdict::Waiting {
                    valid_so_far: false,
                } => continue,
            }
            let claims = typed.keys.all(position).map(|(index, key)| {
                let next = numbers.len();
                *numbers.entry(self.folded(index, key)).or_insert(next)
            });
            candidates.push(Candidate {
                position,
                claims: claims.collect(),
                needs: Vec::new(),
            });
        }
        for candidate in &mut candidates {
            candidate.needs = self.needs(typed, candidate.position, &numbers);
        }
        typed.source = end;
        let accepted = jointly_valid(&candidates, numbers.len());
        accepted
            .into_iter()
            .map(|index| candidates[index].position)
            .collect()
    }

    /// The keys in its own table that a row refers to and that no accepted or stored row has.
    fn needs<G: RowSource>(
        &self,
        typed: &Typed<G>,
        position: usize,
        numbers: &HashMap<(usize, Vec<u8>), usize>,
    ) -> Vec<Option<usize>> {
        let own = self.table.references.iter().enumerate();
        let own = own.filter(|(_, reference)| reference.parent == self.table.name);
        let needs = own.filter_map(|(index, reference)| {
            let parents = &typed.parents[index];
            let key = parents.keys.get(position)?;
            let exists = matches!(
                parents.found.rows[position],
                Existence::Stored | Existence::Unknown
            ) || self.used.find(reference.key, key).is_some();
            if exists {
                return None;
            }
            Some(numbers.get(&self.folded(reference.key, key)).copied())
        });
        needs.collect()
    }

    fn folded(&self, index: usize, key: Key) -> (usize, Vec<u8>) {
        let collations = self.table.keys[index].collations;
        let (mut bytes, mut folded) = (Vec::new(), Vec::new());
        let key = fold(key.bytes(&mut bytes), collations, &mut folded);
        (index, key.to_vec())
    }
}

/// The candidates that are accepted together, in ascending order. If two claim the same key, the first one gets it,
/// unless it turns out to be invalid.
fn jointly_valid(candidates: &[Candidate], keys: usize) -> Vec<usize> {
    let mut alive: Vec<usize> = (0..candidates.len()).collect();
    let mut accepted = Vec::new();
    // The keys of accepted candidates.
    let mut taken = vec![false; keys];
    while !alive.is_empty() {
        alive.retain(|index| !candidates[*index].claims.iter().any(|claim| taken[*claim]));
        // What refers to a key that no candidate claims any more cannot become valid.
        alive = close_over_needs(candidates, alive, &taken);
        let mut first = vec![None; keys];
        for index in &alive {
            for claim in &candidates[*index].claims {
                first[*claim].get_or_insert(*index);
            }
        }
        let is_first = |index: &usize| {
            let mut claims = candidates[*index].claims.iter();
            claims.all(|claim| first[*claim] == Some(*index))
        };
        let valid = alive.iter().copied().filter(is_first).collect();
        let mut valid = close_over_needs(candidates, valid, &taken);
        if valid.is_empty() {
            // The remaining candidates conflict in a cycle. Take the first one that does not need any candidate it
            // conflicts with, and all that it needs.
            let groups = alive
                .iter()
                .map(|index| needed_group(candidates, *index, &first, &taken));
            valid = groups.flatten().next().unwrap_or_default();
        }
        if valid.is_empty() {
            break;
        }
        for index in &valid {
            candidates[*index]
                .claims
                .iter()
                .for_each(|claim| taken[*claim] = true);
        }
        alive.retain(|index| valid.binary_search(index).is_err());
        accepted.extend(valid);
    }
    accepted.sort_unstable();
    accepted
}

/// A candidate and all that it needs, in ascending order, given the first candidate with each key; `None` if two of them
/// claim one key.
fn needed_group(
    candidates: &[Candidate],
    index: usize,
    first: &[Option<usize>],
    taken: &[bool],
) -> Option<Vec<usize>> {
    let mut group = BTreeSet::from([index]);
    let mut new = vec![index];
    let mut claimed = HashSet::new();
    while let Some(index) = new.pop() {
        let mut claims = candidates[index].claims.iter();
        if !claims.all(|claim| claimed.insert(*claim)) {
            return None;
        }
        let needs = candidates[index].needs.iter().flatten();
        let missing = needs.filter(|need| !taken[**need] && !claimed.contains(*need));
        for index in missing.filter_map(|need| first[*need]) {
            if group.insert(index) {
                new.push(index);
            }
        }
    }
    Some(group.into_iter().collect())
}

/// The largest subset of these candidates, in ascending order, whose needs are all claimed within the subset or already
/// taken.
fn close_over_needs(candidates: &[Candidate], mut some: Vec<usize>, taken: &[bool]) -> Vec<usize> {
    let mut claimants = vec![0_u32; taken.len()];
    let mut dependents = vec![Vec::new(); taken.len()];
    for index in &some {
        for claim in &candidates[*index].claims {
            claimants[*claim] += 1;
        }
        for need in candidates[*index].needs.iter().flatten() {
            dependents[*need].push(*index);
        }
    }
    let mut is_out = vec![false; candidates.len()];
    let lacks = |need: &Option<usize>, claimants: &[u32]| {
        need.is_none_or(|need| !taken[need] && claimants[need] == 0)
    };
    let mut out: Vec<_> = (some.iter().copied())
        .filter(|index| {
            candidates[*index]
                .needs
                .iter()
                .any(|need| lacks(need, &claimants))
        })
        .collect();
    out.iter().for_each(|index| is_out[*index] = true);
    while let Some(index) = out.pop() {
        for claim in &candidates[index].claims {
            claimants[*claim] -= 1;
            if claimants[*claim] == 0 && !taken[*claim] {
                for dependent in &dependents[*claim] {
                    if !std::mem::replace(&mut is_out[*dependent], true) {
                        out.push(*dependent);
                    }
                }
            }
        }
    }
    some.retain(|index| !is_out[*index]);
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(rows: &[(&[usize], &[usize])]) -> Vec<usize> {
        let candidates: Vec<_> = (rows.iter().enumerate())
            .map(|(position, (claims, needs))| Candidate {
                position,
                claims: claims.to_vec(),
                needs: needs
                    .iter()
                    .map(|need| Some(*need).filter(|need| *need < 10))
                    .collect(),
            })
            .collect();
        jointly_valid(&candidates, 10)
    }

    #[test]
    fn a_cycle_of_rows_is_valid() {
        assert_eq!(
            valid(&[(&[1], &[2]), (&[2], &[3]), (&[3], &[1])]),
            [0, 1, 2]
        );
    }

    #[test]
    fn rows_that_need_a_missing_row_are_excluded_with_their_dependents() {
        assert_eq!(valid(&[(&[1], &[99]), (&[2], &[1]), (&[3], &[])]), [2]);
    }

    #[test]
    fn the_first_row_with_a_key_has_it() {
        assert_eq!(valid(&[(&[1], &[]), (&[1], &[]), (&[2], &[1])]), [0, 2]);
    }

    #[test]
    fn a_key_goes_to_the_next_row_if_the_first_is_invalid() {
        assert_eq!(valid(&[(&[1], &[99]), (&[1], &[]), (&[2], &[1])]), [1, 2]);
    }

    #[test]
    fn a_first_row_that_is_invalid_does_not_exclude_a_valid_cycle() {
        // The second row claims 3 before the third, which it needs.
        let rows: &[(&[usize], &[usize])] = &[(&[0], &[2]), (&[1, 3], &[2]), (&[2, 3], &[0])];
        assert_eq!(valid(rows), [0, 2]);
    }

    #[test]
    fn conflicting_rows_do_not_exclude_others() {
        // Each of the first two claims first what the other needs to have.
        let rows: &[(&[usize], &[usize])] = &[(&[1, 3], &[2]), (&[2, 3], &[1]), (&[4], &[])];
        assert_eq!(valid(rows), [2]);
    }
}
