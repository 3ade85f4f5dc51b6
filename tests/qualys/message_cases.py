"""The rules of messages, deferments, reboots and mails as cases: accepted, refused, and why."""

DEFER = {"count": 3, "interval": 30, "intervalUnit": "MINUTES"}

MESSAGES = {
    "preDeployment is a message": (
        {"preDeployment": {"userMessage": "a", "description": "b", "deferment": DEFER}},
        {"preDeployment": {"message": "a"}},
        "preDeployment 'message'",
    ),
    "duringDeployment defers nothing": (
        {"duringDeployment": {"userMessage": "a", "description": "b"}},
        {"duringDeployment": {"userMessage": "a", "deferment": DEFER}},
        "duringDeployment 'deferment'",
    ),
    "postDeployment has its parts": (
        {"postDeployment": {"onComplete": "a", "rebootHonorOnUserLogin": True}},
        {"postDeployment": {"reboot": True}},
        "postDeployment 'reboot'",
    ),
    "a part of postDeployment is checked": (
        {"postDeployment": {"suppressReboots": True}},
        {"postDeployment": {"suppressReboots": "yes"}},
        "postDeployment.suppressReboots 'yes' True False",
    ),
    "a message is a text": (
        {"duringDeployment": "a"},
        {"duringDeployment": 5},
        "duringDeployment 5 text mapping userMessage",
    ),
    "postDeployment is a text": (
        {"postDeployment": "a"},
        {"postDeployment": True},
        "postDeployment True text mapping suppressReboots",
    ),
    "onComplete": (
        {"onComplete": {"userMessage": "a", "unheardOf": 1}},
        {"onComplete": {"userMessage": 1}},
        "onComplete.userMessage 1 text",
    ),
    "rebootOption": (
        {"rebootOption": {"userMessage": "a", "deferment": DEFER}},
        {"rebootOption": {"userMessage": "a", "deferment": {**DEFER, "count": 0}}},
        "rebootOption.deferment.count 0 from 1",
    ),
    "rebootCountdown": (
        {"rebootCountdown": {"userMessage": "a", "interval": 15, "intervalUnit": "MINUTES"}},
        {"rebootCountdown": {"userMessage": "a", "interval": 15, "intervalUnit": "SECONDS"}},
        "rebootCountdown.intervalUnit 'SECONDS' 'MINUTES'",
    ),
    "a part is given once": (
        {"postDeployment": {"suppressReboots": True}, "onComplete": "a"},
        {"postDeployment": {"suppressReboots": True}, "suppressReboots": True},
        "suppressReboots True postDeployment once",
    ),
    "deferment is whole": (
        {"deferment": DEFER},
        {"deferment": {"count": 3, "interval": 30}},
        "deferment 'count': 3 'intervalUnit'",
    ),
    "deferment has an end": (
        {"deferment": {"count": 7, "interval": 1, "intervalUnit": "DAYS"}},
        {"deferment": {"count": 169, "interval": 1, "intervalUnit": "HOURS"}},
        "deferment 'count': 169 168 hours at most",
    ),
    "deferment is an object": (
        {"deferment": {**DEFER, "count": "3"}},
        {"deferment": 30},
        "deferment 30 mapping count interval intervalUnit",
    ),
    "recipients": (
        {"notificationConfigRecipientEmail": "a@example.com, b@example.com"},
        {"notificationConfigRecipientEmail": "a@example.com; b@example.com"},
        "notificationConfigRecipientEmail a@example.com; separated by commas",
    ),
    "recipients are texts": (
        {"notificationConfigRecipientEmail": ["a@example.com"]},
        {"notificationConfigRecipientEmail": [5]},
        "notificationConfigRecipientEmail [5] e-mail addresses",
    ),
    "notificationConfigCompletedPercentage": (
        {"notificationConfigCompletedPercentage": 100},
        {"notificationConfigCompletedPercentage": 0},
        "notificationConfigCompletedPercentage 0 from 1 to 100",
    ),
    "notificationEvents": (
        {"notificationEvents": {"onJobStart": True}},
        {"notificationEvents": {"onStart": True}},
        "notificationEvents 'onStart'",
    ),
    "notificationEvents are bools": (
        {"notificationEvents": False},
        {"notificationEvents": {"onJobStart": "yes"}},
        "notificationEvents.onJobStart 'yes' True False",
    ),
}
