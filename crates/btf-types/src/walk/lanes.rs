//! Walking over several parts of the types at once.

use super::{
    found::Found,
    reader::{HEAD, Head, Reader},
};
use crate::{Info, raw};

/// Lanes, of which each walks over types and notes where they start.
///
/// Each lane starts some way ahead of the one before, at a place that need not be the start of a type. From
/// anywhere, a walk comes to the start of a type after a few steps, as with any code of variable length. Only the
/// first lane is known to be right. When it comes to a place where the second has been, both go on in the same way,
/// so what the second noted from there on is right, too; and so on. Whatever else a lane noted is dropped.
pub(super) struct Lanes([Lane; LANES]);

/// What a lane noted in one round: a type for each step.
#[derive(Clone, Copy)]
struct Lane {
    positions: [u16; ROUND],
    marks: [u8; ROUND],
    /// The number of steps before those that count.
    dropped: usize,
}

/// The number of lanes. With three, the processor hardly waits; four take more instructions.
const LANES: usize = 3;

/// The bytes over which the lanes walk in one round.
const WINDOW: u32 = 1 << 15;

/// Where the lanes start. The last has more room than the others, since it goes on until they are done.
const STARTS: [u32; LANES] = [0, WINDOW / 4, WINDOW / 2];

/// The most steps of one round: as many as the shortest types between two starts take, and some more.
const ROUND: usize = 800;

/// A type at least this long, or of unknown kind, ends a walk: it is longer than a window.
const LONG: u32 = u16::MAX as u32;

/// The length of a record.
const RECORD: usize = size_of::<raw::Type>();

/// A window, and room for the rest of a head that starts at its end.
pub(super) type Window = [u8; WINDOW as usize + HEAD];

impl Lanes {
    /// Creates lanes, which can be used for any number of rounds.
    pub(super) fn new() -> Self {
        Self([Lane { positions: [0; ROUND], marks: [0; ROUND], dropped: 0 }; LANES])
    }

    /// Walks over types from the start of a window, which is `base` bytes from the start of the section. Returns
    /// where the first type starts that is not found: after the window, or in it if that type is [`LONG`].
    #[inline(always)]
    pub(super) fn walk(
        &mut self,
        window: &Window,
        base: u32,
        reader: &Reader<'_, impl Fn(Head) -> (u32, Info)>,
        found: &mut Found,
    ) -> u32 {
        let (steps, reached) = self.walk_apart(window, reader);
        self.join(window, base, reader, steps, reached, found)
    }

    /// Walks over types like [`Lanes::walk`], but with one lane, over bytes that are shorter than a window.
    #[inline(never)] // Inlined, it would take registers from the other loops.
    pub(super) fn walk_alone(
        &mut self,
        bytes: &[u8],
        base: u32,
        reader: &Reader<'_, impl Fn(Head) -> (u32, Info)>,
        found: &mut Found,
    ) -> u32 {
        let [lane, ..] = &mut self.0;
        let (mut at, mut steps) = (0, 0_usize);
        while steps < ROUND
            && at < WINDOW
            && let Some(record) = bytes.get(at as usize..).and_then(<[u8]>::first_chunk::<RECORD>)
            && let Some(head) = record.first_chunk()
        {
            let next = lane.step(steps, at, head, reader);
            if next.wrapping_sub(at) >= LONG {
                break;
            }
            at = next;
            steps = steps.wrapping_add(1);
        }
        let (positions, marks) = lane.noted(steps);
        found.add(base, positions, marks);
        at
    }

    /// Lets all lanes walk until each has reached the start of the next. Returns the number of steps, and where
    /// each lane is then.
    #[inline(always)]
    fn walk_apart(
        &mut self,
        window: &Window,
        reader: &Reader<'_, impl Fn(Head) -> (u32, Info)>,
    ) -> (usize, [u32; LANES]) {
        let [_, start1, start2] = STARTS;
        let [mut at0, mut at1, mut at2] = STARTS;
        let [lane0, lane1, lane2] = &mut self.0;
        (lane1.dropped, lane2.dropped) = (0, 0);
        let mut steps = 0_usize;
        loop {
            while steps < ROUND && (at0 < start1 || at1 < start2) {
                let Some(head0) = head(window, at0) else { break };
                let Some(head1) = head(window, at1) else { break };
                let Some(head2) = head(window, at2) else { break };
                at0 = lane0.step(steps, at0, head0, reader);
                at1 = lane1.step(steps, at1, head1, reader);
                at2 = lane2.step(steps, at2, head2, reader);
                steps = steps.wrapping_add(1);
            }
            let is_done = steps == ROUND || at0 >= start1 && at1 >= start2 || at0 >= WINDOW;
            if is_done || !lane1.resync(steps, &mut at1) || !lane2.resync(steps, &mut at2) {
                return (steps, [at0, at1, at2]);
            }
        }
    }

    /// Walks from where each lane is to where it meets the next, and adds all types to those that were found.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "positions in the window have 15 bits")]
    fn join(
        &self,
        window: &Window,
        base: u32,
        reader: &Reader<'_, impl Fn(Head) -> (u32, Info)>,
        steps: usize,
        reached: [u32; LANES],
        found: &mut Found,
    ) -> u32 {
        let mut at = 0;
        for ((lane, start), reached) in self.0.iter().zip(STARTS).zip(reached) {
            let (mut positions, mut marks) = lane.noted(steps);
            loop {
                while let Some((first, others)) = positions.split_first()
                    && u32::from(*first) < at
                {
                    positions = others;
                    marks = marks.get(1..).unwrap_or_default();
                }
                match positions {
                    [first, ..] if u32::from(*first) == at => {
                        at = reached;
                        if let [others @ .., last] = positions
                            && reached.wrapping_sub((*last).into()) >= LONG
                        {
                            (positions, at) = (others, (*last).into());
                        }
                        found.add(base, positions, marks);
                        break;
                    }
                    [] if at >= start => break,
                    _ => {}
                }
                let Some(head) = head(window, at) else { return at };
                let (len, mark) = reader.len(head);
                if len >= LONG {
                    return at;
                }
                found.add(base, &[at as u16], &[mark]);
                at = at.wrapping_add(len);
            }
        }
        at
    }
}

impl Lane {
    /// Notes a type, and returns where the next one starts.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "positions in the window have 15 bits")]
    fn step(
        &mut self,
        step: usize,
        at: u32,
        head: &Head,
        reader: &Reader<'_, impl Fn(Head) -> (u32, Info)>,
    ) -> u32 {
        let (len, mark) = reader.len(head);
        if let (Some(position), Some(slot)) =
            (self.positions.get_mut(step), self.marks.get_mut(step))
        {
            *position = at as u16;
            *slot = mark;
        }
        at.wrapping_add(len)
    }

    /// Restarts a lane that has left the window one word after its last position, if its last step was so long that
    /// this position was probably not the start of a type. Returns `false` if the lane stays outside of the window.
    #[cold]
    fn resync(&mut self, steps: usize, at: &mut u32) -> bool {
        if *at < WINDOW {
            return true;
        }
        let (positions, _) = self.noted(steps);
        let Some(last) = positions.last().map(|last| u32::from(*last)) else { return false };
        if at.wrapping_sub(last) < WINDOW / 4 {
            return false;
        }
        // Types consist of whole words, unless a layout table says otherwise.
        *at = last.wrapping_add(4);
        self.dropped = steps;
        *at < WINDOW
    }

    /// Returns the positions and marks of all types that count.
    fn noted(&self, steps: usize) -> (&[u16], &[u8]) {
        let range = self.dropped..steps;
        let positions = self.positions.get(range.clone()).unwrap_or_default();
        (positions, self.marks.get(range).unwrap_or_default())
    }
}

/// Returns the head of the record at a position; `None` after the window.
#[inline(always)]
fn head(window: &Window, at: u32) -> Option<&Head> {
    if at >= WINDOW {
        return None;
    }
    window.get(at as usize..)?.first_chunk()
}
