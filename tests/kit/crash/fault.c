/*
 * A library to preload into the program under test. It sees the calls that change files below one folder, and fails
 * the K-th of them, kills the process there, or logs them all. Files are named by their paths below that folder, with
 * links followed.
 *
 * FAULT_FOLDER  the folder, absolute and without links; calls on other files pass unseen
 * FAULT_CLASS   which calls count: write, sync, truncate, open, unlink, mkdir, rename, close, thread, or any of these;
 *               or unlock: the release of a lock
 * FAULT_FILE    count only calls on files of this name, in which * stands for anything
 * FAULT_AT      K: the number of the call to fail, from 1
 * FAULT_MODE    once: it fails; always: it fails and so do all later ones; short: half of a write is written and the
 *               call says so; kill: the process is killed before the call; torn: after half of the write;
 *               interrupt, terminate: the process gets SIGINT or SIGTERM after the call;
 *               run: another program runs after the call, while all calls of this one wait
 * FAULT_THEN    N: the process is killed before the N-th call after the fault, whatever its class
 * FAULT_ERRNO   EIO, ENOSPC, EMFILE or EAGAIN
 * FAULT_COMMAND the other program, as a command of the shell
 * FAULT_HIT     a file to create once the call is reached
 * FAULT_LOG     a file to append a record of every call to: a line `operation handle name number length`, and data
 *
 * A lock is held around each call and its record, so that the log has the order of the effects, also of several
 * processes with one log.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { WRITE, SYNC, TRUNCATE, OPEN, UNLINK, MKDIR, RENAME, CLOSE, THREAD, UNLOCK, CLASSES };
static const char *const CLASS[CLASSES] = {"write", "sync",   "truncate", "open",  "unlink",
                                           "mkdir", "rename", "close",    "thread", "unlock"};

enum mode { NEVER, ONCE, ALWAYS, SHORT, KILL, TORN, INTERRUPT, TERMINATE, RUN };
static const char *const MODE[] = {"never", "once", "always",    "short",     "kill",
                                   "torn",  "interrupt", "terminate", "run"};

static const struct { const char *name; int number; } ERRNO[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"EAGAIN", EAGAIN}};

/* What a call is to do. */
enum verdict { PASS, FAIL, HALF, HALF_AND_DIE };

/* The open files of the folder, by descriptor; a handle is unique to an open call, 0 for files elsewhere. */
#define FILES 4096
static struct { long handle; char name[NAME_MAX]; } files[FILES];

static struct {
    const char *folder, *class, *file, *hit, *command;
    long at, then;
    enum mode mode;
    int error, log;
} config = {.log = -1};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counted, opened, since; /* `since`: how many calls came after the fault */
static int due;         /* a signal that is sent once the call is done */
static int command_due; /* whether the command is to run then */

static int (*real_fcntl)(int, int, ...);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rename)(const char *, const char *);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

__attribute__((constructor)) static void start(void) {
    if (real_pthread_create) return;
    real_fcntl = dlsym(RTLD_NEXT, "fcntl64");
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_write = dlsym(RTLD_NEXT, "write");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    config.folder = getenv("FAULT_FOLDER");
    config.class = getenv("FAULT_CLASS");
    config.file = getenv("FAULT_FILE");
    config.hit = getenv("FAULT_HIT");
    config.command = getenv("FAULT_COMMAND");
    const char *at = getenv("FAULT_AT"), *mode = getenv("FAULT_MODE"), *error = getenv("FAULT_ERRNO");
    const char *then = getenv("FAULT_THEN");
    config.at = at ? atol(at) : 0;
    config.then = then ? atol(then) : 0;
    for (size_t i = 0; mode && i < sizeof MODE / sizeof *MODE; i++)
        if (!strcmp(mode, MODE[i])) config.mode = i;
    for (size_t i = 0; error && i < sizeof ERRNO / sizeof *ERRNO; i++)
        if (!strcmp(error, ERRNO[i].name)) config.error = ERRNO[i].number;
    if (config.command) unsetenv("FAULT_MODE"); /* The other program makes its calls without a fault. */
    const char *log = getenv("FAULT_LOG");
    if (log) config.log = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    real_pthread_create = dlsym(RTLD_NEXT, "pthread_create");
}

static void enter(void) {
    start();
    pthread_mutex_lock(&lock);
    if (config.log >= 0) flock(config.log, LOCK_EX);
}

static void leave(void) {
    int error = errno, signal = due, command = command_due;
    due = command_due = 0;
    if (config.log >= 0) flock(config.log, LOCK_UN);
    if (command && system(config.command) == -1) abort();
    pthread_mutex_unlock(&lock);
    if (signal) kill(getpid(), signal);
    errno = error;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a call and decides what it is to do. The lock is held. */
static enum verdict judge(enum class class, const char *name) {
    if (!config.folder || !config.class || config.mode == NEVER) return PASS;
    if (counted >= config.at && class != UNLOCK && config.then && ++since == config.then) die();
    if (strcmp(config.class, CLASS[class]) && (class == UNLOCK || strcmp(config.class, "any"))) return PASS;
    if (config.file && fnmatch(config.file, name, 0)) return PASS;
    counted++;
    if (counted < config.at || (counted > config.at && config.mode != ALWAYS)) return PASS;
    if (config.hit && counted == config.at) real_close(real_open(config.hit, O_WRONLY | O_CREAT, 0600));
    if (config.mode == KILL || (config.mode == TORN && class != WRITE)) die();
    if (config.mode == TORN) return HALF_AND_DIE;
    if (config.mode == SHORT) return class == WRITE ? HALF : PASS;
    if (config.mode == INTERRUPT || config.mode == TERMINATE) {
        due = config.mode == INTERRUPT ? SIGINT : SIGTERM;
        return PASS;
    }
    if (config.mode == RUN) {
        command_due = 1;
        return PASS;
    }
    errno = config.error;
    return FAIL;
}

/* Appends a record to the log. The lock is held; `errno` stays as it is. */
static void record(const char *operation, long handle, const char *name, long long number, const void *data,
                   size_t length) {
    if (config.log < 0) return;
    int error = errno;
    char line[NAME_MAX + 100];
    int size = snprintf(line, sizeof line, "%s %ld %s %lld %zu\n", operation, handle, name, number, length);
    struct iovec parts[2] = {{line, size}, {(void *)data, length}};
    if (real_writev(config.log, parts, 2) != (ssize_t)(size + length)) abort();
    errno = error;
}

/* The path below the folder that a path leads to, "." for the folder itself, or NULL; `path` is not NULL. If `entry`,
 * the last link of the path is not followed. */
static const char *within(const char *path, int entry, char full[PATH_MAX]) {
    if (!config.folder) return NULL;
    if (entry || !realpath(path, full)) {
        char parent[PATH_MAX];
        if (snprintf(parent, sizeof parent, "%s", path) >= (int)sizeof parent) return NULL;
        for (size_t end = strlen(parent); end > 1 && parent[end - 1] == '/';) parent[--end] = 0;
        char *slash = strrchr(parent, '/');
        const char *last = slash ? slash + 1 : parent;
        if (slash == parent || !*last || !realpath(slash ? (*slash = 0, parent) : ".", full)) return NULL;
        size_t length = strlen(full);
        if (snprintf(full + length, PATH_MAX - length, "/%s", last) >= (int)(PATH_MAX - length)) return NULL;
    }
    size_t length = strlen(config.folder);
    if (strncmp(full, config.folder, length)) return NULL;
    if (!full[length]) return ".";
    return full[length] == '/' && strlen(full + length + 1) < NAME_MAX ? full + length + 1 : NULL;
}

static int known(int fd) { return fd >= 0 && fd < FILES && files[fd].handle; }

static int opening(int at, const char *path, int flags, mode_t mode) {
    enter();
    char full[PATH_MAX];
    const char *name = at == AT_FDCWD || *path == '/' ? within(path, 0, full) : NULL;
    /* A file without a name is gone after a power cut. */
    if ((flags & O_TMPFILE) == O_TMPFILE) name = NULL;
    int fd = -1;
    if (!name || judge(OPEN, name) != FAIL) {
        struct stat found;
        int created = name && (flags & O_CREAT) && stat(path, &found);
        fd = real_openat(at, path, flags, mode);
        if (name && fd >= 0 && fd < FILES) {
            long handle = files[fd].handle = ((long)getpid() << 24) + ++opened;
            snprintf(files[fd].name, sizeof files[fd].name, "%s", name);
            record(created ? "create" : "open", handle, name, 0, NULL, 0);
            if (flags & O_TRUNC) record("truncate", handle, name, 0, NULL, 0);
        }
    }
    leave();
    return fd;
}

#define MODE_ARGUMENT(last)                                                                                            \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
        va_list arguments;                                                                                             \
        va_start(arguments, last);                                                                                     \
        mode = va_arg(arguments, mode_t);                                                                              \
        va_end(arguments);                                                                                             \
    }

int open(const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opening(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opening(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opening(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opening(at, path, flags, mode);
}

int close(int fd) {
    enter();
    if (known(fd)) {
        /* A close that fails still closes the file, and its result is ignored: it is only a point at which to kill. */
        if (config.mode >= KILL) judge(CLOSE, files[fd].name);
        record("close", files[fd].handle, files[fd].name, 0, NULL, 0);
        files[fd].handle = 0;
    }
    int result = real_close(fd);
    leave();
    return result;
}

/* Whatever the command, its argument is passed on as a pointer, which holds a number as well. */
static int controlling(int fd, int command, void *argument) {
    start();
    int result = real_fcntl(fd, command, argument);
    int unlocks = (command == F_SETLK || command == F_SETLK64) && ((struct flock *)argument)->l_type == F_UNLCK;
    if (unlocks && known(fd)) {
        enter();
        judge(UNLOCK, files[fd].name);
        leave();
    }
    return result;
}

#define POINTER_ARGUMENT(last)                                                                                         \
    va_list arguments;                                                                                                 \
    va_start(arguments, last);                                                                                         \
    void *argument = va_arg(arguments, void *);                                                                        \
    va_end(arguments);

int fcntl(int fd, int command, ...) {
    POINTER_ARGUMENT(command)
    return controlling(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    POINTER_ARGUMENT(command)
    return controlling(fd, command, argument);
}

int unlink(const char *path) {
    enter();
    char full[PATH_MAX];
    const char *name = within(path, 1, full);
    int result = -1;
    if (!name || judge(UNLINK, name) != FAIL) {
        result = real_unlink(path);
        if (name && !result) record("unlink", 0, name, 0, NULL, 0);
    }
    leave();
    return result;
}

int mkdir(const char *path, mode_t mode) {
    enter();
    char full[PATH_MAX];
    const char *name = within(path, 1, full);
    int result = -1;
    if (!name || judge(MKDIR, name) != FAIL) {
        result = real_mkdir(path, mode);
        if (name && !result) record("mkdir", 0, name, 0, NULL, 0);
    }
    leave();
    return result;
}

int rename(const char *path, const char *new) {
    enter();
    char full[PATH_MAX];
    const char *name = within(new, 1, full);
    int result = -1;
    if (!name || judge(RENAME, name) != FAIL) {
        result = real_rename(path, new);
        if (name && !result) record("rename", 0, name, 0, NULL, 0);
    }
    leave();
    return result;
}

static int truncating(int fd, off64_t size) {
    enter();
    int result = -1;
    if (!known(fd) || judge(TRUNCATE, files[fd].name) != FAIL) {
        result = real_ftruncate(fd, size);
        if (known(fd) && !result) record("truncate", files[fd].handle, files[fd].name, size, NULL, 0);
    }
    leave();
    return result;
}

int ftruncate(int fd, off_t size) { return truncating(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncating(fd, size); }

static int syncing(int fd, int (*real)(int)) {
    enter();
    int result = -1;
    if (known(fd) && judge(SYNC, files[fd].name) == FAIL) {
        record("abandon", files[fd].handle, files[fd].name, 0, NULL, 0);
    } else {
        result = real(fd);
        if (known(fd) && !result) record("sync", files[fd].handle, files[fd].name, 0, NULL, 0);
    }
    leave();
    return result;
}

int fsync(int fd) { start(); return syncing(fd, real_fsync); }
int fdatasync(int fd) { start(); return syncing(fd, real_fdatasync); }

/* Writes to a file of the folder at an offset. The lock is held. */
static ssize_t writing(int fd, const void *data, size_t length, off64_t offset) {
    enum verdict verdict = judge(WRITE, files[fd].name);
    if (verdict == FAIL) return -1;
    if (verdict == HALF || verdict == HALF_AND_DIE) length = (length + 1) / 2;
    ssize_t result = real_pwrite(fd, data, length, offset);
    if (result > 0) record("write", files[fd].handle, files[fd].name, offset, data, result);
    if (verdict == HALF_AND_DIE) die();
    return result;
}

static ssize_t pwriting(int fd, const void *data, size_t length, off64_t offset) {
    enter();
    ssize_t result = known(fd) ? writing(fd, data, length, offset) : real_pwrite(fd, data, length, offset);
    leave();
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwriting(fd, data, length, offset); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return pwriting(fd, data, length, offset); }

/* Whether a descriptor is standard output or a duplicate of it. */
static int is_output(int fd) {
    struct stat output, found;
    if (fd == STDOUT_FILENO || fd == STDERR_FILENO) return fd == STDOUT_FILENO;
    return !fstat(STDOUT_FILENO, &output) && !fstat(fd, &found) && output.st_dev == found.st_dev &&
           output.st_ino == found.st_ino;
}

ssize_t write(int fd, const void *data, size_t length) {
    start();
    /* A signal handler may write to a pipe of its own while its thread holds the lock. */
    if (!known(fd) && !is_output(fd)) return real_write(fd, data, length);
    enter();
    ssize_t result;
    if (known(fd)) {
        off64_t offset = lseek64(fd, 0, SEEK_CUR);
        result = writing(fd, data, length, offset);
        if (result > 0) lseek64(fd, offset + result, SEEK_SET);
    } else {
        result = real_write(fd, data, length);
        if (result > 0) record("report", 0, ".", 0, data, result);
    }
    leave();
    return result;
}

/* A call may write fewer bytes than it is given, so writing the first part alone will do. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    start();
    if (count > 0 && (known(fd) || is_output(fd))) return write(fd, parts->iov_base, parts->iov_len);
    return real_writev(fd, parts, count);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    enter();
    enum verdict verdict = judge(THREAD, ".");
    leave();
    return verdict == FAIL ? config.error : real_pthread_create(thread, attributes, run, argument);
}
