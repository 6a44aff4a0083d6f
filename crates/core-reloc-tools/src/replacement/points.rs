//! How much speaks for a replacement.

use super::{Relation, place::Place, sameness::Sameness, similarity::Similarity};

/// The most that the place of a member and its type are worth without its name.
const MAX_OF_PLACE: u32 = 45;

/// What a word is worth that no other member has, if nothing else of the names is similar.
const RARE_WORD: u32 = 20;

/// How much less a name counts that is the missing one with words before or after it. Structs have families of
/// such members, `nr_running` and `h_nr_running`, and a member that gets another name often gets another word.
const WORD_MORE: u32 = 10;

/// How much less a member elsewhere counts that is or points to another struct, or that is none at all.
const RETYPED_ELSEWHERE: u32 = 15;

/// The evidence for one member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    pub(super) similarity: Option<Similarity>,
    pub(super) sameness: Sameness,
    /// Whether the two types have one name that tells what they are.
    pub(super) has_telling_name: bool,
    pub(super) place: Option<Place>,
    /// Whether their names share a word that no other member has, and the object does not say what was there.
    pub(super) shares_rare_word: bool,
    /// Whether one of the names is the other with words before or after it, and the object does not say what was
    /// there.
    pub(super) has_word_more: bool,
    /// Whether its type alone may speak for it.
    pub(super) may_be_anything: bool,
    /// The number of structs around it, within the type that lacks the missing member.
    pub(super) depth: u32,
    pub(super) is_through_pointer: bool,
}

impl Evidence {
    /// Returns `true` if enough speaks for a member to mention it. The further away it is, the more.
    fn is_enough(&self) -> bool {
        let is_readable = self.sameness != Sameness::Incompatible;
        let is_retyped = self.sameness == Sameness::Retyped;
        let is_paired = self.place == Some(Place::Paired);
        match self.similarity {
            // Its name says what it is, whatever its type: unless that says that it is something else.
            Some(Similarity::Equal) => !(is_retyped && self.is_through_pointer),
            Some(Similarity::Stripped) => self.sameness.is_same(),
            Some(Similarity::Underscored) => self.depth == 0 || self.sameness.is_same(),
            Some(Similarity::Near(_)) if self.depth == 0 => is_readable,
            Some(Similarity::Near(_)) => self.sameness == Sameness::Telling,
            Some(Similarity::Remote(_)) if self.depth == 0 => {
                is_readable && (!is_retyped || is_paired)
            }
            Some(Similarity::Remote(_)) => {
                self.sameness == Sameness::Telling && !self.is_through_pointer
            }
            None if self.depth > 0 || !is_readable => false,
            None if self.shares_rare_word && self.sameness.is_same() => true,
            None => is_paired || self.may_be_anything,
        }
    }

    /// Returns how much speaks for a member, and what it has in common with the missing one above all;
    /// `None` if too little does.
    pub(super) fn weigh(&self) -> Option<(u32, Relation)> {
        if !self.is_enough() {
            return None;
        }
        let name = match self.similarity {
            Some(Similarity::Equal) => 60,
            Some(Similarity::Underscored | Similarity::Stripped) => 58,
            Some(Similarity::Near(percent)) => percent.saturating_div(2).saturating_add(10),
            Some(Similarity::Remote(percent)) => percent.saturating_div(2).saturating_add(8),
            None if self.shares_rare_word => RARE_WORD,
            None => 0,
        };
        let ty = match self.sameness {
            Sameness::Telling => 30,
            Sameness::Same => 25,
            // Integers often change their size.
            Sameness::Compatible => 20,
            Sameness::Akin => 10,
            Sameness::Retyped => 5,
            Sameness::Incompatible | Sameness::Unknown => 0,
        };
        let place: u32 = match self.place {
            Some(Place::Paired) => 28,
            Some(Place::Aligned) => 22,
            Some(Place::Between) => 12,
            Some(Place::OfAnother) | None => 0,
        };
        let mut against: u32 = match self.place {
            Some(Place::OfAnother) => 25,
            _ => 0,
        };
        let is_similar =
            matches!(self.similarity, Some(Similarity::Near(_) | Similarity::Remote(_)));
        if self.has_word_more && is_similar {
            against = against.saturating_add(WORD_MORE);
        }
        if self.depth > 0 && matches!(self.sameness, Sameness::Retyped | Sameness::Incompatible) {
            against = against.saturating_add(RETYPED_ELSEWHERE);
        }
        // What a pointer leads to is another object.
        let distance = if self.is_through_pointer { 30 } else { self.depth.saturating_mul(4) };
        against = against.saturating_add(distance);
        let relation = match self.similarity {
            Some(Similarity::Equal | Similarity::Stripped) if self.depth > 0 => Relation::Moved,
            Some(_) => Relation::Renamed,
            None if self.place.is_some() && self.has_telling_name => Relation::InPlace,
            None if self.place.is_some() => Relation::Replaced,
            None if self.shares_rare_word => Relation::Renamed,
            None => Relation::OfType,
        };
        let all = [ty, place].into_iter().fold(name, u32::saturating_add);
        let points = all.saturating_sub(against);
        // Something else may have come to be where the missing member was.
        let is_in_doubt = relation == Relation::Replaced;
        Some((if is_in_doubt { points.min(MAX_OF_PLACE) } else { points }, relation))
    }
}
