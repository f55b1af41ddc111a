/*
 * events.c: a year of customer touchpoints, made up and the same each time.
 *
 *	  events USERS EVENTS SEED
 *
 * Writes lines for COPY, in order of time and user: user_id, event, ts, channel, amount.
 *
 * Times are whole seconds of 2024 (UTC) and strictly increase within a user, so that there is one
 * right answer to every question about order.  The channel (1 direct .. 8 affiliate) is that of
 * the marketing touch which starts a session.  The amount is that of a purchase, or the score (0..10) of
 * an nps_response.  If more than EVENTS happen, the year ends early.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define YEAR (366 * DAY)
#define MAX_USER_EVENTS 4096
#define MAX_SESSION_EVENTS 40

enum Kind
{
	NONE,
	SIGNUP,
	PAGE_VIEW,
	SEARCH,
	PRODUCT_VIEW,
	ADD_TO_CART,
	CHECKOUT,
	PURCHASE,
	EMAIL_OPEN,
	AD_CLICK,
	LOGIN,
	SUPPORT_TICKET,
	NPS_RESPONSE,
	KINDS
};

enum Channel
{
	DIRECT = 1,
	PAID_SEARCH = 3,
	EMAIL = 4,
	DISPLAY = 7
};

typedef struct Event
{
	int32_t at; /* seconds since the year began */
	int32_t user;
	float amount;
	uint8_t kind;
	uint8_t channel;
} Event;

typedef struct User
{
	int32_t id;
	int32_t now;
	int signed_up;
	int cart_filled;
	double restlessness; /* large: leaves sooner */
	double satisfaction; /* mean of the scores given */
	double spending;	 /* mean of the log of an order's value */
	int events;
	Event event[MAX_USER_EVENTS];
} User;

/* What follows what in a session, per cent; the rest leaves. */
static const int FOLLOWS[KINDS][KINDS] = {
	[SIGNUP] = {[PAGE_VIEW] = 30, [PRODUCT_VIEW] = 30},
	[PAGE_VIEW] = {[SIGNUP] = 5, [PAGE_VIEW] = 25, [SEARCH] = 15, [PRODUCT_VIEW] = 25},
	[SEARCH] = {[PAGE_VIEW] = 7, [SEARCH] = 21, [PRODUCT_VIEW] = 48},
	[PRODUCT_VIEW] = {[PAGE_VIEW] = 6, [SEARCH] = 6, [PRODUCT_VIEW] = 37, [ADD_TO_CART] = 18},
	[ADD_TO_CART] = {[PRODUCT_VIEW] = 20, [ADD_TO_CART] = 7, [CHECKOUT] = 34},
	[CHECKOUT] = {[PRODUCT_VIEW] = 6, [PURCHASE] = 62},
	[PURCHASE] = {[PAGE_VIEW] = 15},
	[EMAIL_OPEN] = {[PAGE_VIEW] = 26, [PRODUCT_VIEW] = 37},
	[AD_CLICK] = {[PAGE_VIEW] = 26, [PRODUCT_VIEW] = 37},
	[LOGIN] = {[PAGE_VIEW] = 35, [SEARCH] = 15, [PRODUCT_VIEW] = 25},
};

/* Per cent of first touches by channel, from 1. */
static const int CHANNEL_SHARE[] = {0, 24, 26, 14, 10, 10, 6, 6, 4};

static uint64_t random_state;
static Event *events;
static size_t event_count;
static size_t event_room;

/* ---- randomness ---- */

static uint64_t
random_bits(void) /* splitmix64 (Steele, Lea, Flood 2014) */
{
	uint64_t z = (random_state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static double
uniform(void)
{
	return (random_bits() >> 11) * 0x1p-53 + 0x1p-54;
}

static double
normal(double mean, double sd)
{
	return mean + sd * sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static double
exponential(double mean)
{
	return -mean * log(uniform());
}

static double
clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* ---- one user ---- */

/* Returns 0 if the year is over for the user. */
static int
happens(User *u, int32_t at, int kind, int channel, double amount)
{
	if (at >= YEAR || u->events == MAX_USER_EVENTS)
		return 0;
	u->event[u->events++] = (Event){at, u->id, (float) amount, kind, channel};
	return 1;
}

static int
random_channel(const User *u)
{
	int percent = (int) (uniform() * 100);
	int channel = 1;

	if (u->events > 0 && uniform() < 0.35)
		return uniform() < 0.6 ? DIRECT : EMAIL; /* those who know us */
	while ((percent -= CHANNEL_SHARE[channel]) >= 0)
		channel++;
	return channel == EMAIL && u->events == 0 ? DIRECT : channel;
}

static int
next_kind(const User *u, int kind)
{
	double percent = uniform() * 100 * u->restlessness;

	for (int next = 1; next < KINDS; next++)
		if ((percent -= FOLLOWS[kind][next]) < 0)
			return next == SIGNUP && u->signed_up ? NONE : next;
	return NONE;
}

static double
amount_of(const User *u, int kind)
{
	return kind == PURCHASE ? floor(100 * clamp(exp(normal(u->spending, 0.6)), 1, 1e5)) / 100 : 0;
}

/* Some weeks later one buyer in six is heard of. */
static void
after_purchase(User *u)
{
	double at = u->now + DAY * (2 + exponential(8));

	if (uniform() >= 0.18 || at >= YEAR)
		return;
	if (uniform() < 0.22)
		happens(u, (int32_t) at, SUPPORT_TICKET, 0, 0);
	else
		happens(u, (int32_t) at, NPS_RESPONSE, 0,
				clamp(floor(normal(u->satisfaction, 1.2) + 0.5), 0, 10));
}

static int
session(User *u)
{
	int channel = random_channel(u);
	int kind = channel == EMAIL								  ? EMAIL_OPEN
			   : channel == PAID_SEARCH || channel == DISPLAY ? AD_CLICK
															  : PAGE_VIEW;

	if (!happens(u, u->now, kind, channel, 0))
		return 0;
	if (u->signed_up && uniform() < 0.45)
	{
		kind = LOGIN;
		u->now += (int32_t) clamp(1 + exponential(25), 1, 1500);
		if (!happens(u, u->now, kind, 0, 0))
			return 0;
	}
	if (u->cart_filled && uniform() < 0.45)
		kind = ADD_TO_CART; /* comes back for what was left in the cart */
	for (int i = 0; i < MAX_SESSION_EVENTS && (kind = next_kind(u, kind)) != NONE; i++)
	{
		u->now += (int32_t) clamp(1 + exponential(kind == PURCHASE ? 150 : 60), 1, 1500);
		if (!happens(u, u->now, kind, 0, amount_of(u, kind)))
			return 0;
		u->signed_up |= kind == SIGNUP;
		u->cart_filled = kind == ADD_TO_CART || (u->cart_filled && kind != PURCHASE);
		if (kind == PURCHASE)
			after_purchase(u);
	}
	return 1;
}

/* Sessions from the arrival until the user has had enough; half have after the first. */
static void
life(User *u, double share)
{
	double gap = exp(normal(log(15.0), 1)) * DAY;
	double leaves;

	u->events = u->signed_up = u->cart_filled = 0;
	/* arrivals get twice as frequent over the year */
	u->now = (int32_t) ((sqrt(1 + 3 * share) - 1) * 0.985 * YEAR);
	leaves = uniform() < 0.5 ? u->now : u->now + exponential(45) * DAY;
	u->restlessness = 1 / (0.85 * exp(normal(0, 0.3)));
	u->satisfaction = normal(8, 1.8);
	u->spending = normal(3.6, 0.5);
	while (session(u))
	{
		double next = u->now + 3600 + exponential(gap);

		if (next > leaves || next >= YEAR)
			return;
		u->now = (int32_t) next;
	}
}

/* ---- all of them ---- */

/* Take over a user's events, in order of time, no two at one second. */
static void
keep(User *u)
{
	Event *e = u->event;

	for (int i = 1; i < u->events; i++)
	{
		Event moved = e[i];
		int j = i;

		for (; j > 0 && e[j - 1].at > moved.at; j--)
			e[j] = e[j - 1];
		e[j] = moved;
	}
	for (int i = 1; i < u->events; i++)
		if (e[i].at <= e[i - 1].at)
			e[i].at = e[i - 1].at + 1;
	if (event_count + u->events > event_room)
	{
		event_room = 2 * event_room + MAX_USER_EVENTS;
		events = realloc(events, event_room * sizeof(Event));
		if (events == NULL)
			exit(1);
	}
	memcpy(events + event_count, e, u->events * sizeof(Event));
	event_count += u->events;
}

/* One pass of a radix sort by 16 bits of the time; keeps the order of users. */
static Event *
sorted_by(const Event *from, Event *to, int shift)
{
	static size_t start[65537];

	memset(start, 0, sizeof(start));
	for (size_t i = 0; i < event_count; i++)
		start[((from[i].at >> shift) & 0xffff) + 1]++;
	for (int i = 0; i < 65536; i++)
		start[i + 1] += start[i];
	for (size_t i = 0; i < event_count; i++)
		to[start[(from[i].at >> shift) & 0xffff]++] = from[i];
	return to;
}

static void
write_event(const Event *e)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int month = 0;
	int day = e->at / DAY;
	int second = e->at % DAY;

	while (day >= month_days[month])
		day -= month_days[month++];
	printf("%d\t%d\t2024-%02d-%02d %02d:%02d:%02d+00\t", e->user, e->kind, month + 1, day + 1,
		   second / 3600, second / 60 % 60, second % 60);
	if (e->channel != 0)
		printf("%d\t", e->channel);
	else
		fputs("\\N\t", stdout);
	if (e->kind == PURCHASE)
		printf("%.2f\n", e->amount);
	else if (e->kind == NPS_RESPONSE)
		printf("%d\n", (int) e->amount);
	else
		fputs("\\N\n", stdout);
}

int
main(int argc, char **argv)
{
	static User u;
	long users = argc > 1 ? atol(argv[1]) : 1000;
	size_t wanted = argc > 2 ? (size_t) atol(argv[2]) : 10000;
	Event *spare;

	random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : 42;
	for (long i = 0; i < users; i++)
	{
		u.id = (int32_t) (i + 1);
		life(&u, (i + uniform()) / users);
		keep(&u);
	}
	spare = malloc(event_count * sizeof(Event));
	if (spare == NULL)
		return 1;
	events = sorted_by(sorted_by(events, spare, 0), events, 16);
	if (event_count < wanted)
		fprintf(stderr, "only %zu events happened\n", event_count);
	for (size_t i = 0; i < event_count && i < wanted; i++)
		write_event(&events[i]);
	return 0;
}
