from labline.deployment.backoff import Restarts


def test_the_first_restart_is_immediate_and_later_ones_come_ever_later():
    life, pauses = Restarts(), []
    for _ in range(8):
        life = life.ended(lived=1).started()
        pauses.append(life.pause)
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
    assert life.count == 8


def test_three_early_ends_in_a_row_are_a_crash_loop():
    life = Restarts()
    verdicts = []
    for _ in range(3):
        life = life.ended(lived=1)
        verdicts.append(life.looping)
    assert verdicts == [False, False, True]


def test_a_long_life_forgives():
    life = Restarts()
    for _ in range(5):
        life = life.ended(lived=1)
    life = life.ended(lived=31)
    assert not life.looping
    assert life.pause == 0
