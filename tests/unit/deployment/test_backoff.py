from labline.deployment.backoff import Restarts


def test_what_ends_early_is_started_again_ever_later():
    life, pauses = Restarts(), []
    for _ in range(8):
        life = life.ended(lived=1).started()
        pauses.append(life.pause)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert (life.ends, life.count) == (8, 8)


def test_three_early_ends_in_a_row_are_a_crash_loop():
    life = Restarts()
    verdicts = []
    for _ in range(3):
        life = life.ended(lived=1)
        verdicts.append(life.looping)
    assert verdicts == [False, False, True]


def test_a_long_life_forgives_and_what_ends_after_it_is_started_at_once():
    life = Restarts()
    for _ in range(5):
        life = life.ended(lived=1)
    life = life.ended(lived=31)
    assert not life.looping
    assert life.pause == 0
