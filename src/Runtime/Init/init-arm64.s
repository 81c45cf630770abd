# As init-x64.s, for arm64.

        .text
        .globl _start
_start:
        mov     x8, #167                // prctl(PR_SET_NAME, name)
        mov     x0, #15
        adr     x1, name
        svc     #0
        mov     w19, #0                 // whether the child has ended
        mov     w20, #0                 // its code
        ldr     w21, child
        sub     sp, sp, #16             // the wait status

reap:   mov     x8, #260                // wait4(-1, &status, WNOHANG, NULL)
        mov     x0, #-1
        mov     x1, sp
        mov     x2, #1
        mov     x3, #0
        svc     #0
        cmp     w0, #0
        b.le    wait                    // nobody else has ended, or nobody is left
        cmp     w0, w21
        b.ne    reap
        mov     w19, #1
        ldr     w20, [sp]
        ands    w9, w20, #0x7f
        b.ne    killed
        ubfx    w20, w20, #8, #8        // exited: its code
        b       reap
killed: add     w20, w9, #128           // killed: 128 + signal
        b       reap

wait:   cbnz    w19, quit
        mov     x8, #137                // rt_sigtimedwait(every signal, NULL, NULL, 8)
        adr     x0, every
        mov     x1, #0
        mov     x2, #0
        mov     x3, #8
        svc     #0
        cmp     w0, #17                 // SIGCHLD
        b.eq    reap
        cmn     w0, #4                  // EINTR: it was stopped and continued, or traced
        b.eq    reap
        mov     w20, #255
        tbnz    w0, #31, quit           // forbidden: better to end than to spin
        mov     w1, w0
        mov     w0, w21
        mov     x8, #129                // kill(child, signal)
        svc     #0
        b       reap

quit:   mov     w0, w20
        mov     x8, #94                 // exit_group(code)
        svc     #0
        b       quit

        .balign 8
every:  .quad   -1
name:   .asciz  "berth-init"
        .balign 4
child:  .long   0
