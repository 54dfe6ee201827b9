//! Potentials that are shifted chunk by chunk along an Euler tour.
//!
//! The tour is a cyclic sequence with one element for each node and two for each arc, one for each direction: the subtree
//! below an arc is what stands between its two elements, and re-rooting a subtree is a rotation of that piece. The
//! sequence lies in linked chunks of about √(6 N) elements, and each chunk carries one number that all its nodes share, so
//! a pivot cuts and joins at four places and shifts whole chunks: O(√N) instead of O(N). (Henzinger & King 1999 keep such
//! tours in balanced trees; chunks are faster at any size that fits into memory.)

use super::tree::{Links, Move, Order};
use crate::exact::amount::Amount;

/// Room beyond the size at which chunks stop to grow, so that a pivot can append before it looks.
const SLACK: usize = 16;

/// An Euler tour in chunks. O(√N) a pivot.
#[derive(Debug)]
pub(super) struct Tour {
    /// Potential of each node, less what its chunk carries.
    base: Vec<f64>,
    /// For each node the element that comes down to it from its parent; its partner, one bit away, goes back up.
    entry: Vec<u32>,
    /// The chunk of each element.
    chunk_of: Vec<u32>,
    /// Elements, `stride` places for each chunk.
    elements: Vec<u32>,
    chunks: Vec<Chunk>,
    free: Vec<u32>,
    capacity: usize,
    piece: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    shift: f64,
    len: u32,
    next: u32,
    prev: u32,
}

impl Order for Tour {
    fn new<A: Amount>(links: &Links<A>, depth_first: &[u32]) -> Self {
        let nodes = depth_first.len();
        let first_edge = nodes.next_multiple_of(2) as u32;
        let total = first_edge as usize + 2 * nodes;
        let capacity = ((6.0 * nodes as f64).sqrt() as usize).clamp(48, 1 << 14);
        let mut tour = Self {
            base: vec![0.0; nodes],
            entry: vec![0; nodes],
            chunk_of: vec![0; total],
            elements: Vec::new(),
            chunks: Vec::new(),
            free: Vec::new(),
            capacity,
            piece: Vec::new(),
        };
        let mut sequence = Vec::with_capacity(3 * nodes);
        let mut open: Vec<u32> = Vec::new();
        for (k, &v) in depth_first.iter().enumerate() {
            while open.last().is_some_and(|&top| top != links.nodes[v as usize].parent) {
                let done = open.pop().expect("it has a last");
                sequence.push(tour.entry[done as usize] ^ 1);
            }
            if k > 0 {
                tour.entry[v as usize] = first_edge + 2 * k as u32;
                sequence.push(tour.entry[v as usize]);
            }
            sequence.push(v);
            open.push(v);
        }
        while open.len() > 1 {
            let done = open.pop().expect("it has a last");
            sequence.push(tour.entry[done as usize] ^ 1);
        }
        let pieces = sequence.chunks(capacity / 2);
        tour.elements.reserve_exact((pieces.len() + pieces.len() / 8 + 1) * tour.stride());
        for piece in pieces {
            let c = tour.new_chunk();
            let at = c as usize * tour.stride();
            tour.elements[at..at + piece.len()].copy_from_slice(piece);
            tour.chunks[c as usize].len = piece.len() as u32;
            piece.iter().for_each(|&e| tour.chunk_of[e as usize] = c);
        }
        let count = tour.chunks.len() as u32;
        for c in 0..count {
            tour.link(c, (c + 1) % count);
        }
        tour
    }

    #[inline]
    fn potential(&self, v: u32) -> f64 {
        self.base[v as usize] + self.chunks[self.chunk_of[v as usize] as usize].shift
    }

    fn set_potentials(&mut self, potential: Vec<f64>) {
        self.base = potential;
        self.chunks.iter_mut().for_each(|chunk| chunk.shift = 0.0);
    }

    fn rehang<A: Amount>(&mut self, links: &Links<A>, step: Move, shift: f64) {
        let down = self.entry[step.out as usize];
        if !self.move_within(step, down, shift) {
            let inside = 2 * links.nodes[step.out as usize].size as usize <= links.nodes.len();
            self.move_chunks(step, down, shift, inside);
        }
        // The arcs of the reversed path change hands and direction.
        let (mut v, mut entry) = (step.inner, down);
        loop {
            let old = std::mem::replace(&mut self.entry[v as usize], entry);
            if v == step.out {
                break;
            }
            entry = old ^ 1;
            v = links.nodes[v as usize].parent;
        }
    }

    fn memory(&self) -> usize {
        let per_element = self.chunk_of.len() + self.elements.len() + self.entry.len();
        per_element * size_of::<u32>() + self.base.len() * size_of::<f64>() + self.chunks.len() * size_of::<Chunk>()
    }
}

impl Tour {
    fn stride(&self) -> usize {
        self.capacity + SLACK
    }

    fn new_chunk(&mut self) -> u32 {
        if let Some(c) = self.free.pop() {
            return c;
        }
        self.chunks.push(Chunk { shift: 0.0, len: 0, next: 0, prev: 0 });
        let needed = self.chunks.len() * self.stride();
        if needed > self.elements.capacity() {
            // By an eighth: doubled, it would be the largest part of the memory.
            self.elements.reserve_exact(needed + needed / 8 - self.elements.len());
        }
        self.elements.resize(needed, 0);
        self.chunks.len() as u32 - 1
    }

    fn link(&mut self, c: u32, next: u32) {
        self.chunks[c as usize].next = next;
        self.chunks[next as usize].prev = c;
    }

    fn next(&self, c: u32) -> u32 {
        self.chunks[c as usize].next
    }

    fn prev(&self, c: u32) -> u32 {
        self.chunks[c as usize].prev
    }

    fn len(&self, c: u32) -> usize {
        self.chunks[c as usize].len as usize
    }

    fn slice(&self, c: u32) -> &[u32] {
        &self.elements[c as usize * self.stride()..][..self.len(c)]
    }

    /// Where an element stands in its chunk.
    fn position(&self, element: u32) -> usize {
        position_of(self.slice(self.chunk_of[element as usize]), element)
    }

    /// Moves a small piece that lies within one chunk, element by element. False when it does not, or there is no room.
    fn move_within(&mut self, Move { inner, outer, .. }: Move, down: u32, shift: f64) -> bool {
        let from = self.chunk_of[down as usize];
        let to = self.chunk_of[outer as usize];
        if self.chunk_of[(down ^ 1) as usize] != from {
            return false;
        }
        let mut piece = std::mem::take(&mut self.piece);
        let moved = self.copy_piece(&mut piece, down, inner, from, to);
        if let Some(start) = moved {
            self.insert_piece(&piece, start, outer, from, to, shift);
        }
        self.piece = piece;
        moved.is_some()
    }

    /// Copies the piece between `down` and its partner, turned to start at `inner`, when it is small, lies within chunk
    /// `from` and fits into chunk `to`; returns where it stands.
    fn copy_piece(&self, piece: &mut Vec<u32>, down: u32, inner: u32, from: u32, to: u32) -> Option<usize> {
        let slice = self.slice(from);
        let start = position_of(slice, down);
        let len = position_of(&slice[start..], down ^ 1) + 1;
        let within = start + len <= slice.len() && len < slice.len();
        if !within || len > self.capacity / 4 || (to != from && self.len(to) + len > self.capacity) {
            return None;
        }
        let inside = &slice[start + 1..start + len - 1];
        let (before, after) = inside.split_at(position_of(inside, inner));
        piece.clear();
        piece.push(down);
        piece.extend_from_slice(after);
        piece.extend_from_slice(before);
        piece.push(down ^ 1);
        Some(start)
    }

    /// Takes a piece out of chunk `from`, where it starts at `start`, and puts it behind `outer` in chunk `to`.
    fn insert_piece(&mut self, piece: &[u32], start: usize, outer: u32, from: u32, to: u32, shift: f64) {
        let (len, stride) = (piece.len(), self.stride());
        let (begin, end) = (from as usize * stride, from as usize * stride + self.len(from));
        self.elements.copy_within(begin + start + len..end, begin + start);
        self.chunks[from as usize].len -= len as u32;

        let (begin, end) = (to as usize * stride, to as usize * stride + self.len(to));
        let at = begin + self.position(outer) + 1;
        self.elements.copy_within(at..end, at + len);
        self.elements[at..at + len].copy_from_slice(piece);
        self.chunks[to as usize].len += len as u32;

        let difference = self.chunks[from as usize].shift + shift - self.chunks[to as usize].shift;
        for &e in piece {
            self.chunk_of[e as usize] = to;
            if let Some(base) = self.base.get_mut(e as usize) {
                *base += difference;
            }
        }
        if to != from && self.len(from) < self.capacity / 8 {
            self.merge_with_next(from);
        }
    }

    /// Moves a piece by cutting and joining chunks.
    fn move_chunks(&mut self, Move { inner, outer, .. }: Move, down: u32, shift: f64, inside: bool) {
        // Take out what stands between the two elements of the leaving arc, and the elements themselves.
        self.cut_after(down);
        let last = self.cut_after(down ^ 1);
        let mut before = self.chunk_of[down as usize];
        let first = self.next(before);
        let after = self.next(last);
        self.chunks[before as usize].len -= 1;
        self.chunks[last as usize].len -= 1;
        let last = if self.len(last) == 0 { self.release(last) } else { last };
        self.link(before, after);
        if self.len(before) == 0 {
            before = self.release(before);
        }
        // Rotate it to start at the new root of the subtree.
        self.link(last, first);
        let start = self.cut_before(inner);
        let end = self.prev(start);
        // Put it behind the node below which it now hangs.
        let left = self.cut_after(outer);
        let right = self.next(left);
        let left = self.append(left, down);
        let end = self.append(end, down ^ 1);
        self.link(left, start);
        self.link(end, right);
        if inside {
            self.shift_chunks(start, end, shift);
        } else {
            self.shift_chunks(right, left, -shift);
        }
        let (far, farther) = (self.prev(left), self.prev(before));
        self.close([right, end, last, left, far, after, before, farther]);
    }

    /// Joins each of the chunks with its next where they fit into one. A chunk that is gone by then has become part of another,
    /// which takes its place: without that, small chunks would be left over at almost every move.
    fn close(&mut self, mut chunks: [u32; 8]) {
        for k in 0..chunks.len() {
            if let Some((kept, gone)) = self.merge_with_next(chunks[k]) {
                chunks[k..].iter_mut().filter(|c| **c == gone).for_each(|c| *c = kept);
            }
        }
    }

    /// Appends to a chunk, or to its second half when it is full; returns which.
    fn append(&mut self, c: u32, element: u32) -> u32 {
        let c = if self.len(c) < self.stride() { c } else { self.cut(c, self.len(c) / 2).1 };
        let at = c as usize * self.stride() + self.len(c);
        self.elements[at] = element;
        self.chunks[c as usize].len += 1;
        self.chunk_of[element as usize] = c;
        c
    }

    /// Unlinks an empty chunk; returns the one before it.
    fn release(&mut self, c: u32) -> u32 {
        let (prev, next) = (self.prev(c), self.next(c));
        self.link(prev, next);
        self.free.push(c);
        prev
    }

    fn shift_chunks(&mut self, first: u32, last: u32, shift: f64) {
        let mut c = first;
        loop {
            let chunk = &mut self.chunks[c as usize];
            chunk.shift += shift;
            if c == last {
                break;
            }
            c = chunk.next;
        }
    }

    /// Cuts so that `element` is the last of its chunk, which is returned.
    fn cut_after(&mut self, element: u32) -> u32 {
        let at = self.position(element) + 1;
        self.cut(self.chunk_of[element as usize], at).0
    }

    /// Cuts so that `element` is the first of its chunk, which is returned.
    fn cut_before(&mut self, element: u32) -> u32 {
        let at = self.position(element);
        self.cut(self.chunk_of[element as usize], at).1
    }

    /// Cuts chunk `c` before place `at`; returns the chunks on both sides of the cut. The smaller part moves.
    fn cut(&mut self, c: u32, at: usize) -> (u32, u32) {
        let len = self.len(c);
        if at == 0 {
            return (self.prev(c), c);
        }
        if at == len {
            return (c, self.next(c));
        }
        let new = self.new_chunk();
        self.chunks[new as usize].shift = self.chunks[c as usize].shift;
        let stride = self.stride();
        let (from, to) = (c as usize * stride, new as usize * stride);
        if at >= len / 2 {
            self.elements.copy_within(from + at..from + len, to);
            self.set_lens(c, at, new, len - at);
            let next = self.next(c);
            self.link(new, next);
            self.link(c, new);
            (c, new)
        } else {
            self.elements.copy_within(from..from + at, to);
            self.elements.copy_within(from + at..from + len, from);
            self.set_lens(c, len - at, new, at);
            let prev = self.prev(c);
            self.link(prev, new);
            self.link(new, c);
            (new, c)
        }
    }

    fn set_lens(&mut self, c: u32, len: usize, new: u32, new_len: usize) {
        self.chunks[c as usize].len = len as u32;
        self.chunks[new as usize].len = new_len as u32;
        let stride = self.stride();
        for &e in &self.elements[new as usize * stride..][..new_len] {
            self.chunk_of[e as usize] = new;
        }
    }

    /// Joins chunk `c` and the next where they fit into one; returns which is kept and which is gone. The smaller part moves.
    fn merge_with_next(&mut self, c: u32) -> Option<(u32, u32)> {
        let next = self.next(c);
        let (len, next_len) = (self.len(c), self.len(next));
        if c == next || len == 0 || len + next_len > self.capacity {
            return None;
        }
        let stride = self.stride();
        let (at, next_at) = (c as usize * stride, next as usize * stride);
        let (kept, gone) = if len >= next_len { (c, next) } else { (next, c) };
        if kept == c {
            self.elements.copy_within(next_at..next_at + next_len, at + len);
        } else {
            self.elements.copy_within(next_at..next_at + next_len, next_at + len);
            self.elements.copy_within(at..at + len, next_at);
        }
        let difference = self.chunks[gone as usize].shift - self.chunks[kept as usize].shift;
        let moved = if kept == c { at + len..at + len + next_len } else { next_at..next_at + len };
        for &e in &self.elements[moved] {
            self.chunk_of[e as usize] = kept;
            if let Some(base) = self.base.get_mut(e as usize) {
                *base += difference;
            }
        }
        self.chunks[kept as usize].len = (len + next_len) as u32;
        self.chunks[gone as usize].len = 0;
        self.release(gone);
        Some((kept, gone))
    }
}

/// The place of `value`, or the length of the slice. Written in blocks so that the search is vectorised.
#[inline]
fn position_of(slice: &[u32], value: u32) -> usize {
    const BLOCK: usize = 32;
    let mut blocks = slice.chunks_exact(BLOCK);
    let mut start = 0;
    for block in &mut blocks {
        let mut found = false;
        for &e in block {
            found |= e == value;
        }
        if found {
            break;
        }
        start += BLOCK;
    }
    start + slice[start..].iter().position(|&e| e == value).unwrap_or(slice.len() - start)
}

#[cfg(test)]
impl Tour {
    /// Whether chunks are about as few as they can be: on the average they are more than a third full.
    pub(super) fn is_compact(&self) -> bool {
        let used = self.chunks.iter().filter(|chunk| chunk.len > 0).count();
        used <= 3 + 9 * self.base.len() / self.capacity
    }

    /// Panics unless every element stands in one chunk of one cycle.
    pub(super) fn check(&self) {
        let start = self.chunk_of[0];
        let (mut c, mut seen) = (start, 0);
        loop {
            assert!(self.len(c) > 0 && self.len(c) <= self.stride(), "chunk {c} has {} elements", self.len(c));
            for &e in self.slice(c) {
                assert_eq!(self.chunk_of[e as usize], c, "element {e}");
            }
            seen += self.len(c);
            assert_eq!(self.prev(self.next(c)), c, "links of chunk {c}");
            c = self.next(c);
            if c == start {
                break;
            }
            assert!(seen <= self.chunk_of.len(), "the chunks are not one cycle");
        }
        assert_eq!(seen, 3 * self.base.len() - 2, "elements of one cycle");
    }
}
