"""The larger two embedded domains, a bar and a garage: our own texts of two old public planning domains.

Both keep the published action names and parameter orders, so a plan in bare form reads the same.
"""

from __future__ import annotations

BARMAN = """
(define (domain barman)
  (:requirements :strips :typing)
  (:types hand level drink dispenser vessel - object
          ingredient cocktail - drink
          shot shaker - vessel)
  (:predicates (ontable ?v - vessel) (holding ?h - hand ?v - vessel) (handempty ?h - hand)
               (empty ?v - vessel) (clean ?v - vessel)
               (contains ?v - vessel ?d - drink) (used ?v - vessel ?d - drink)
               (dispenses ?tap - dispenser ?i - ingredient)
               (first-part ?c - cocktail ?i - ingredient) (second-part ?c - cocktail ?i - ingredient)
               (shaker-level ?s - shaker ?at - level) (shaker-empty-level ?s - shaker ?at - level)
               (next ?lower - level ?upper - level) (unshaked ?s - shaker) (shaked ?s - shaker))
  (:action grasp
    :parameters (?h - hand ?v - vessel)
    :precondition (and (handempty ?h) (ontable ?v))
    :effect (and (holding ?h ?v) (not (handempty ?h)) (not (ontable ?v))))
  (:action leave
    :parameters (?h - hand ?v - vessel)
    :precondition (and (holding ?h ?v))
    :effect (and (handempty ?h) (ontable ?v) (not (holding ?h ?v))))
  (:action fill-shot
    :parameters (?s - shot ?i - ingredient ?h - hand ?free - hand ?tap - dispenser)
    :precondition (and (holding ?h ?s) (handempty ?free) (dispenses ?tap ?i) (empty ?s) (clean ?s))
    :effect (and (contains ?s ?i) (used ?s ?i) (not (empty ?s)) (not (clean ?s))))
  (:action refill-shot
    :parameters (?s - shot ?i - ingredient ?h - hand ?free - hand ?tap - dispenser)
    :precondition (and (holding ?h ?s) (handempty ?free) (dispenses ?tap ?i) (empty ?s) (used ?s ?i))
    :effect (and (contains ?s ?i) (not (empty ?s))))
  (:action empty-shot
    :parameters (?h - hand ?s - shot ?d - drink)
    :precondition (and (holding ?h ?s) (contains ?s ?d))
    :effect (and (empty ?s) (not (contains ?s ?d))))
  (:action clean-shot
    :parameters (?s - shot ?d - drink ?h - hand ?free - hand)
    :precondition (and (holding ?h ?s) (handempty ?free) (empty ?s) (used ?s ?d))
    :effect (and (clean ?s) (not (used ?s ?d))))
  (:action pour-shot-to-clean-shaker
    :parameters (?s - shot ?i - ingredient ?k - shaker ?h - hand ?at - level ?above - level)
    :precondition (and (holding ?h ?s) (contains ?s ?i) (empty ?k) (clean ?k)
                       (shaker-level ?k ?at) (next ?at ?above))
    :effect (and (empty ?s) (contains ?k ?i) (unshaked ?k) (shaker-level ?k ?above)
                 (not (contains ?s ?i)) (not (empty ?k)) (not (clean ?k)) (not (shaker-level ?k ?at))))
  (:action pour-shot-to-used-shaker
    :parameters (?s - shot ?i - ingredient ?k - shaker ?h - hand ?at - level ?above - level)
    :precondition (and (holding ?h ?s) (contains ?s ?i) (unshaked ?k)
                       (shaker-level ?k ?at) (next ?at ?above))
    :effect (and (empty ?s) (contains ?k ?i) (shaker-level ?k ?above)
                 (not (contains ?s ?i)) (not (shaker-level ?k ?at))))
  (:action empty-shaker
    :parameters (?h - hand ?k - shaker ?c - cocktail ?at - level ?bottom - level)
    :precondition (and (holding ?h ?k) (contains ?k ?c) (shaked ?k)
                       (shaker-level ?k ?at) (shaker-empty-level ?k ?bottom))
    :effect (and (empty ?k) (shaker-level ?k ?bottom)
                 (not (shaked ?k)) (not (contains ?k ?c)) (not (shaker-level ?k ?at))))
  (:action clean-shaker
    :parameters (?h - hand ?free - hand ?k - shaker)
    :precondition (and (holding ?h ?k) (handempty ?free) (empty ?k))
    :effect (and (clean ?k)))
  (:action shake
    :parameters (?c - cocktail ?one - ingredient ?two - ingredient ?k - shaker ?h - hand ?free - hand)
    :precondition (and (holding ?h ?k) (handempty ?free) (unshaked ?k) (contains ?k ?one) (contains ?k ?two)
                       (first-part ?c ?one) (second-part ?c ?two))
    :effect (and (shaked ?k) (contains ?k ?c)
                 (not (unshaked ?k)) (not (contains ?k ?one)) (not (contains ?k ?two))))
  (:action pour-shaker-to-shot
    :parameters (?d - drink ?s - shot ?h - hand ?k - shaker ?at - level ?below - level)
    :precondition (and (holding ?h ?k) (shaked ?k) (contains ?k ?d) (empty ?s) (clean ?s)
                       (shaker-level ?k ?at) (next ?below ?at))
    :effect (and (contains ?s ?d) (shaker-level ?k ?below)
                 (not (empty ?s)) (not (clean ?s)) (not (shaker-level ?k ?at)))))
"""

BARMAN_RULES = (
    "You are a barman with two hands, left and right. Shots are filled at a dispenser; a cocktail is two "
    "ingredients poured into the shaker and shaken. Filling, cleaning and shaking need the other hand free; "
    "a drink goes only into what is empty and clean. Pouring in raises the shaker by one level.\n"
    "Commands: grasp HAND VESSEL; leave HAND VESSEL; fill-shot SHOT INGREDIENT HAND FREE-HAND DISPENSER; "
    "refill-shot (the same words, for a shot used for that ingredient); empty-shot HAND SHOT DRINK; "
    "clean-shot SHOT DRINK HAND FREE-HAND; "
    "pour-shot-to-clean-shaker SHOT INGREDIENT SHAKER HAND LEVEL NEXT-LEVEL; pour-shot-to-used-shaker (the "
    "same words); shake COCKTAIL FIRST-PART SECOND-PART SHAKER HAND FREE-HAND; "
    "pour-shaker-to-shot COCKTAIL SHOT HAND SHAKER LEVEL LEVEL-BELOW; "
    "empty-shaker HAND SHAKER COCKTAIL LEVEL EMPTY-LEVEL; clean-shaker HAND FREE-HAND SHAKER."
)

BARMAN_EXAMPLE = """(define (problem example) (:domain barman)
    (:objects left right - hand glass - shot juice - ingredient tap - dispenser)
    (:init (ontable glass) (clean glass) (empty glass) (dispenses tap juice) (handempty left) (handempty right))
    (:goal (and (contains glass juice))))"""

TYREWORLD = """
(define (domain tyreworld)
  (:requirements :strips :typing)
  (:types thing - object
          tool wheel nut - thing
          container hub - object)
  (:constants wrench pump jack - tool)
  (:predicates (isopen ?c - container) (closed ?c - container) (unlocked ?c - container)
               (in ?t - thing ?c - container) (have ?t - thing)
               (loose ?n - nut ?h - hub) (tight ?n - nut ?h - hub)
               (on-ground ?h - hub) (not-on-ground ?h - hub)
               (fastened ?h - hub) (unfastened ?h - hub) (free ?h - hub)
               (on ?w - wheel ?h - hub) (intact ?w - wheel) (inflated ?w - wheel) (not-inflated ?w - wheel))
  (:action open
    :parameters (?c - container)
    :precondition (and (unlocked ?c) (closed ?c))
    :effect (and (isopen ?c) (not (closed ?c))))
  (:action close
    :parameters (?c - container)
    :precondition (and (isopen ?c))
    :effect (and (closed ?c) (not (isopen ?c))))
  (:action fetch
    :parameters (?t - thing ?c - container)
    :precondition (and (in ?t ?c) (isopen ?c))
    :effect (and (have ?t) (not (in ?t ?c))))
  (:action put-away
    :parameters (?t - thing ?c - container)
    :precondition (and (have ?t) (isopen ?c))
    :effect (and (in ?t ?c) (not (have ?t))))
  (:action loosen
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (on-ground ?h) (tight ?n ?h))
    :effect (and (loose ?n ?h) (not (tight ?n ?h))))
  (:action tighten
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (on-ground ?h) (loose ?n ?h))
    :effect (and (tight ?n ?h) (not (loose ?n ?h))))
  (:action jack-up
    :parameters (?h - hub)
    :precondition (and (have jack) (on-ground ?h))
    :effect (and (not-on-ground ?h) (not (on-ground ?h)) (not (have jack))))
  (:action jack-down
    :parameters (?h - hub)
    :precondition (and (not-on-ground ?h))
    :effect (and (on-ground ?h) (have jack) (not (not-on-ground ?h))))
  (:action undo
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (not-on-ground ?h) (fastened ?h) (loose ?n ?h))
    :effect (and (have ?n) (unfastened ?h) (not (fastened ?h)) (not (loose ?n ?h))))
  (:action do-up
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (not-on-ground ?h) (unfastened ?h) (have ?n))
    :effect (and (loose ?n ?h) (fastened ?h) (not (unfastened ?h)) (not (have ?n))))
  (:action remove-wheel
    :parameters (?w - wheel ?h - hub)
    :precondition (and (not-on-ground ?h) (unfastened ?h) (on ?w ?h))
    :effect (and (have ?w) (free ?h) (not (on ?w ?h))))
  (:action put-on-wheel
    :parameters (?w - wheel ?h - hub)
    :precondition (and (not-on-ground ?h) (unfastened ?h) (free ?h) (have ?w))
    :effect (and (on ?w ?h) (not (free ?h)) (not (have ?w))))
  (:action inflate
    :parameters (?w - wheel)
    :precondition (and (have pump) (intact ?w) (not-inflated ?w))
    :effect (and (inflated ?w) (not (not-inflated ?w)))))
"""

TYREWORLD_RULES = (
    "You change wheels. Things lie in a boot, which must be open to take them out or put them away. Nuts are "
    "loosened and tightened with the wrench while the hub is on the ground; they are undone and done up with "
    "it while the hub is jacked up. A wheel comes off or goes on when the nuts are undone. The pump inflates.\n"
    "Commands: open BOOT; close BOOT; fetch THING BOOT; put-away THING BOOT; loosen NUTS HUB; "
    "tighten NUTS HUB; jack-up HUB; jack-down HUB; undo NUTS HUB; do-up NUTS HUB; remove-wheel WHEEL HUB; "
    "put-on-wheel WHEEL HUB; inflate WHEEL."
)

TYREWORLD_EXAMPLE = """(define (problem example) (:domain tyreworld) (:objects trunk - container extra - wheel)
    (:init (closed trunk) (unlocked trunk) (in extra trunk))
    (:goal (and (have extra))))"""
